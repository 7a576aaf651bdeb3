import * as v from "valibot";
import { encodeJpeg } from "../../media/index.ts";
import { defineNode, type LiveView, type Port, port } from "../../node/index.ts";
import { frameOf, type StreamPacket } from "../../packet/index.ts";
import { DetectionReader } from "./detections.ts";
import { draw } from "./drawing.ts";
import { DRAWING_ENTRIES, drawingIssues } from "./drawing_config.ts";
import { bgrCopy } from "./frame_copies.ts";
import { readZones } from "./zones.ts";

const config = v.strictObject({
  name: v.pipe(
    v.optional(v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/))),
    v.description("Name in the address, letters, digits, `_`, `-` and `.`; the node's id unless given."),
  ),
  max_fps: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(60)), 10),
    v.description("Pictures a second at most; the others are passed over."),
  ),
  max_width: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(16), v.maxValue(8_192)), 1_280),
    v.description("Pixels; wider frames are shown smaller."),
  ),
  quality: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)), 75),
    v.description("Of the JPEGs, 1 to 100."),
  ),
  draw: v.pipe(
    v.optional(v.strictObject(DRAWING_ENTRIES)),
    v.description("Draws on what is shown, as `overlay` does; `{}` takes its defaults. Left out: nothing is drawn."),
  ),
  forward: v.pipe(v.optional(v.boolean(), false), v.description("Also passes frames on, by `out`.")),
});

type Config = v.InferOutput<typeof config>;

export const liveView = defineNode({
  name: "live_view",
  kind: "sink",
  doc: `Shows frames in a browser, under the run's HTTP endpoint.

\`/live\` shows every view of the graph, \`/live/<name>\` this one as MJPEG, \`/live/<name>.jpg\` one picture. While nobody
looks nothing is encoded; while a picture is being encoded, and faster than \`max_fps\`, frames are passed over: the graph
never waits for a browser. At most 8 people can look at once. Without \`--http\` or \`http:\` in the graph nothing is shown.`,
  config,
  check: ({ draw }) =>
    drawingIssues(draw ?? { zones: [] }).map((issue) => ({ ...issue, path: ["draw", ...issue.path] })),
  inputs: { in: port("frame", "Frames of any format; only raw ones can be drawn on.", "inproc_any") },
  outputs: ({ forward }: Config) =>
    (forward ? { out: port("frame", "The frames, unchanged.", "inproc_any") } : {}) as { out: Port },
  owns: ({ name }, id) => [{ path: name === undefined ? [] : ["name"], what: `the live view ${name ?? id}` }],
  examples: [
    {
      title: "Without an HTTP endpoint frames only pass",
      config: { forward: true },
      input: [{ kind: "frame", source_id: "cam01", payload: grey(2, 2) }],
      output: { out: [{ kind: "frame", source_id: "cam01", payload: grey(2, 2) }] },
    },
  ],
  create({ name, max_fps, max_width, quality, forward, draw: drawing }, context) {
    const { clock, live, log, nodeId } = context;
    let view: LiveView | undefined;
    let nextMs = Number.NEGATIVE_INFINITY;
    let encoding: Promise<void> | undefined;
    const counts = { shown: 0, passed_over: 0, failed: 0 };
    const reader = new DetectionReader("draw detections");
    const { zones } = readZones(drawing?.zones ?? []);
    /** The JPEG of a frame, or of a copy with the drawing in it; memory for that is made when somebody looks. */
    const picture = (packet: StreamPacket): Promise<Uint8Array> => {
      const frame = frameOf(packet.payload);
      if (drawing === undefined) return encodeJpeg(frame, { quality, maxWidth: max_width });
      const copy = bgrCopy(frame);
      draw(copy, packet, reader, zones, drawing);
      return encodeJpeg(copy, { quality, maxWidth: max_width });
    };
    const show = async (packet: StreamPacket) => {
      try {
        view!.show(await picture(packet));
        counts.shown += 1;
      } catch (error) {
        counts.failed += 1;
        log.warn("a frame could not be shown", { error: String(error) });
      }
    };
    return {
      open() {
        view = live?.(name ?? nodeId);
        if (view === undefined) log.warn("nobody can look: start with --http ADDRESS, or set http: in the graph");
      },
      process(packet, emit) {
        frameOf(packet.payload);
        const nowMs = clock.monotonicMs();
        if (view !== undefined && view.viewers > 0 && encoding === undefined && nowMs >= nextMs) {
          nextMs = nowMs + 1_000 / max_fps;
          // Not at the end of `show`: one that fails at once ends before this assignment.
          encoding = show(packet).finally(() => {
            encoding = undefined;
          });
        } else {
          counts.passed_over += 1;
        }
        if (forward) emit.out(packet);
      },
      async close() {
        await encoding;
        view?.close();
      },
      metrics: () => ({
        shown_total: counts.shown,
        passed_over_total: counts.passed_over,
        failed_total: counts.failed,
        viewers: view?.viewers ?? 0,
        missed_total: view?.missed ?? 0,
        ...reader.metrics(),
      }),
    };
  },
});

function grey(width: number, height: number) {
  return { width, height, format: "gray", stride: width, data: new Uint8Array(width * height).fill(128), frame_idx: 0 };
}
