import { eventTimeMs, type Frame, frameOf, keepFrame, type StreamPacket } from "../../packet/index.ts";

interface Held {
  source: string;
  ts: string;
  atMs: number;
  frame: Frame;
  release(): void;
}

/** The last frames of each source, kept as they are until newer ones come. */
export class RecentFrames {
  readonly #most: number;
  readonly #bySource = new Map<string, Held[]>();

  /** Why a bound on sources: each holds `most` frames of its source's pool. */
  static readonly MAX_SOURCES = 64;

  constructor(most: number) {
    this.#most = most;
  }

  add(packet: StreamPacket) {
    const { source_id: source, ts } = packet;
    const atMs = eventTimeMs(packet);
    const kept = keepFrame(frameOf(packet.payload));
    const held = this.#of(source);
    held.push({ source, ts, atMs, ...kept });
    while (held.length > this.#most) held.shift()!.release();
  }

  /**
   * The frame that an event is about: the one of the same time, else the last one at most `withinMs` older. Of its
   * source, or of the only one there is: another camera's picture would be worse than none.
   */
  find(event: StreamPacket, withinMs: number): Frame | undefined {
    const own = this.#bySource.get(event.source_id);
    const held = own ?? (this.#bySource.size === 1 ? this.#bySource.values().next().value! : []);
    const same = held.findLast(({ ts }) => ts === event.ts);
    if (same !== undefined) return same.frame;
    const atMs = eventTimeMs(event);
    const before = held.filter((one) => one.atMs <= atMs && atMs - one.atMs <= withinMs);
    return before.sort((a, b) => b.atMs - a.atMs)[0]?.frame;
  }

  close() {
    for (const held of this.#bySource.values()) for (const { release } of held) release();
    this.#bySource.clear();
  }

  #of(source: string): Held[] {
    const known = this.#bySource.get(source);
    if (known !== undefined) return known;
    if (this.#bySource.size >= RecentFrames.MAX_SOURCES) {
      const [oldest, held] = this.#bySource.entries().next().value!;
      for (const { release } of held) release();
      this.#bySource.delete(oldest);
    }
    const fresh: Held[] = [];
    this.#bySource.set(source, fresh);
    return fresh;
  }
}
