import type { Clock } from "../../base/clock.ts";
import { idempotencyKey, type StreamPacket } from "../../packet/index.ts";
import type { ClipConfig } from "./clip_config.ts";
import type { Footage } from "./footage.ts";

/** A clip that is running: it may still become longer. */
export interface Clip {
  readonly stream: string;
  readonly fromMs: number;
  /** Of the first event. */
  readonly atMs: number;
  readonly first: StreamPacket;
  /** Under the folder. */
  readonly file: string;
  /** As events name it. */
  readonly path: string;
  toMs: number;
  /** Keys of its events; the first {@link MAX_KEYS}. */
  readonly keys: string[];
  events: number;
  /** Gives back the footage it needed. */
  readonly release: () => void;
}

/** A clip of a busy scene has hundreds of events; who reads a notice of them all wants their number. */
const MAX_KEYS = 100;
/** Without anything new for so long the camera is away, or the source has ended: the clip is what there is. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 5_000;

/** The clips that are running. Whether one is over is looked at whenever there is more footage. */
export class RunningClips {
  readonly #options: ClipConfig;
  readonly #footage: Footage;
  readonly #clock: Clock;
  readonly #onOver: (clip: Clip) => void;
  readonly #running = new Set<Clip>();
  #cancel = () => {};
  /** Footage so far, and since when it has not grown, by stream. */
  readonly #grown = new Map<string, { upToMs: number; sinceMs: number }>();

  constructor(options: ClipConfig, footage: Footage, clock: Clock, onOver: (clip: Clip) => void) {
    this.#options = options;
    this.#footage = footage;
    this.#clock = clock;
    this.#onOver = onOver;
  }

  get size(): number {
    return this.#running.size;
  }

  /** The running clip that an event belongs to, made longer for it; undefined when it needs one of its own. */
  extend(event: StreamPacket, { stream, atMs }: Pick<Clip, "stream" | "atMs">): Clip | undefined {
    const clip = [...this.#running].find((one) => one.stream === stream && atMs >= one.fromMs && atMs <= one.toMs);
    if (clip === undefined) return undefined;
    const { post_sec, max_sec } = this.#options;
    clip.toMs = Math.max(clip.toMs, Math.min(clip.fromMs + max_sec * 1_000, atMs + post_sec * 1_000));
    clip.events += 1;
    if (clip.keys.length < MAX_KEYS) clip.keys.push(idempotencyKey(event));
    return clip;
  }

  begin(first: StreamPacket, { stream, atMs }: Pick<Clip, "stream" | "atMs">, names: Pick<Clip, "file" | "path">) {
    const { pre_sec, post_sec } = this.#options;
    const fromMs = atMs - pre_sec * 1_000;
    const toMs = atMs + post_sec * 1_000;
    const release = this.#footage.need(stream, fromMs);
    const clip = { stream, atMs, fromMs, toMs, first, ...names, keys: [idempotencyKey(first)], events: 1, release };
    this.#running.add(clip);
    if (this.#running.size === 1) this.#watch();
  }

  /** Hands over the clips that are over. */
  look() {
    for (const clip of this.#running) if (this.#isOver(clip)) this.#end(clip);
  }

  endAll() {
    this.#cancel();
    for (const clip of this.#running) this.#end(clip);
  }

  #end(clip: Clip) {
    this.#running.delete(clip);
    if (this.#running.size === 0) {
      this.#cancel();
      this.#grown.clear();
    }
    this.#onOver(clip);
  }

  #isOver({ stream, toMs }: Clip): boolean {
    const upToMs = this.#footage.upToMs(stream);
    if (upToMs >= toMs) return true;
    const nowMs = this.#clock.monotonicMs();
    const before = this.#grown.get(stream);
    if (before === undefined || before.upToMs !== upToMs) {
      this.#grown.set(stream, { upToMs, sinceMs: nowMs });
      return false;
    }
    return nowMs - before.sinceMs >= PATIENCE_MS;
  }

  #watch() {
    this.#cancel = this.#clock.setTimer(() => {
      this.#watch();
      this.look();
    }, LOOK_MS);
  }
}
