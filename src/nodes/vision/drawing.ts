import { type Bgr, Canvas, textWidth } from "../../media/index.ts";
import type { Frame, StreamPacket } from "../../packet/index.ts";
import type { DetectionReader, Seen } from "./detections.ts";
import type { DrawingOptions } from "./drawing_config.ts";
import type { Zone } from "./zones.ts";

const WHITE: Bgr = [255, 255, 255];
const BLACK: Bgr = [0, 0, 0];
const ZONE: Bgr = [0, 200, 255];
/** Colours that differ also for people who see no red (Okabe and Ito, 2008). */
const PALETTE: readonly Bgr[] = [
  [0, 159, 230],
  [233, 180, 86],
  [115, 158, 0],
  [66, 228, 240],
  [178, 114, 0],
  [0, 94, 213],
  [167, 121, 204],
];

/** Draws on `frame`, which is `bgr24`, what `packet` says of it. */
export function draw(
  frame: Frame,
  packet: StreamPacket,
  reader: DetectionReader,
  zones: readonly Zone[],
  options: DrawingOptions,
) {
  const { detections } = packet.payload as { detections?: unknown };
  const seen = options.boxes && detections !== undefined ? reader.read(packet) : [];
  const drawing = new Drawing(frame, options);
  for (const zone of zones) drawing.zone(zone);
  for (const one of seen) drawing.detection(one);
  drawing.notes(packet.source_id, packet.ts, seen.length);
}

/** One picture that is drawn on. */
class Drawing {
  readonly #canvas: Canvas;
  readonly #frame: Frame;
  readonly #options: DrawingOptions;
  readonly #thickness: number;
  readonly #scale: number;

  constructor(frame: Frame, options: DrawingOptions) {
    this.#canvas = new Canvas(frame.data, frame.width, frame.height);
    this.#frame = frame;
    this.#options = options;
    const usual = Math.max(1, Math.round(frame.height / 240));
    this.#thickness = options.line_thickness || usual;
    this.#scale = options.font_scale || usual;
  }

  zone({ zone_id, polygon }: Zone) {
    this.#canvas.polygon(polygon, ZONE, this.#thickness);
    const top = polygon.reduce((a, b) => (b.y < a.y ? b : a));
    this.#label(zone_id, top.x, top.y, ZONE);
  }

  detection(seen: Seen) {
    const { x1, y1, x2, y2 } = seen.box;
    const colour = this.#options.color_bgr ?? colourOf(seen);
    this.#canvas.outline(x1, y1, x2, y2, colour, this.#thickness);
    if (this.#options.labels) this.#label(labelOf(seen), x1, y1 - this.#lineHeight, colour);
  }

  notes(source: string, ts: string, count: number) {
    const { show_stats, show_time } = this.#options;
    const lines = [
      ...(show_stats ? [`src=${source} frame=${this.#frame.frame_idx} det=${count}`] : []),
      ...(show_time ? [ts] : []),
    ];
    for (const [at, line] of lines.entries()) this.#label(line, 0, at * this.#lineHeight, BLACK);
  }

  get #lineHeight(): number {
    return 9 * this.#scale;
  }

  /** Text on a plate of its own, moved into the picture where it would stand out of it. */
  #label(text: string, x: number, y: number, plate: Bgr) {
    const width = textWidth(text, this.#scale) + this.#scale;
    const left = Math.max(0, Math.min(x, this.#frame.width - width));
    const top = Math.max(0, Math.min(y, this.#frame.height - this.#lineHeight));
    this.#canvas.fill(left, top, width, this.#lineHeight, plate, 0.75);
    this.#canvas.text(text, left + this.#scale, top + this.#scale, isBright(plate) ? BLACK : WHITE, this.#scale);
  }
}

const isBright = ([blue, green, red]: Bgr) => 0.114 * blue + 0.587 * green + 0.299 * red > 140;

function labelOf({ className, confidence, track }: Seen): string {
  return `${className} ${confidence.toFixed(2)}${track === undefined ? "" : ` #${track}`}`.trimStart();
}

function colourOf({ track, className }: Seen): Bgr {
  const name = track ?? className;
  const number = typeof name === "number" ? name : [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return PALETTE[Math.abs(Math.trunc(number)) % PALETTE.length]!;
}
