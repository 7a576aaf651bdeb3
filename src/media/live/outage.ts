import type { NodeContext } from "../../node/index.ts";
import type { StreamInfo } from "../decode_spec.ts";
import type { Fault, FaultKind } from "./fault.ts";
import { CAMERA_WORDS, type LiveWords } from "./words.ts";

interface Camera {
  readonly name: string;
  readonly words?: LiveWords;
  readonly expectedOffline: (nowMs: number) => boolean;
}

/** Tells a person about a camera: once for each change, and each reason once in an outage. */
export class Outage {
  readonly #camera: Camera;
  readonly #context: Pick<NodeContext, "clock" | "log">;
  readonly #told = new Set<FaultKind>();
  readonly #words: LiveWords;
  #sinceMs: number | undefined;

  constructor(camera: Camera, context: Pick<NodeContext, "clock" | "log">) {
    this.#camera = camera;
    this.#words = camera.words ?? CAMERA_WORDS;
    this.#context = context;
  }

  connecting() {
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = this.#context.clock.monotonicMs();
    const { what } = this.#words;
    this.#context.log.info(`connecting to the ${what}`, { [what]: this.#camera.name });
  }

  /** Nothing is wrong with a camera that was expected to be away. */
  lost({ kind, text, hint }: Fault) {
    const { clock, log } = this.#context;
    if (this.#told.size === 0) this.#sinceMs = clock.monotonicMs();
    if (this.#told.has(kind)) return;
    const first = this.#told.size === 0;
    this.#told.add(kind);
    const { what, hints } = this.#words;
    const message = first ? `${what} lost, trying again` : `${what} still away, for another reason`;
    const fields = { [what]: this.#camera.name, reason: kind, error: text, hint: hints[kind] ?? hint };
    if (this.#camera.expectedOffline(clock.nowMs())) log.info(`${message} (expected)`, fields);
    else log.warn(message, fields);
  }

  over({ width, height, fps, codec }: Partial<StreamInfo>, epoch: number) {
    const { clock, log } = this.#context;
    const afterSec = Math.round((clock.monotonicMs() - (this.#sinceMs ?? clock.monotonicMs())) / 100) / 10;
    const { what, items } = this.#words;
    const fields = { [what]: this.#camera.name, width, height, fps, codec, epoch, after_sec: afterSec };
    log.info(`${what} gives ${items}`, fields);
    this.#told.clear();
  }
}
