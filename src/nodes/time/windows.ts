import type { NodeContext } from "../../node/index.ts";
import { parseIsoMs, type StreamPacket } from "../../packet/index.ts";
import { Aggregates } from "./aggregates.ts";
import { AlignedWindows } from "./aligned_windows.ts";
import { Book } from "./book.ts";
import { CountWindows } from "./count_windows.ts";
import { Results } from "./results.ts";
import { SessionWindows } from "./session_windows.ts";
import { PacketValues, SlidingWindows } from "./sliding_windows.ts";
import { lengthOf, type WindowConfig } from "./window_config.ts";
import type { Early, Emitter, Taken, WindowKind } from "./window_kind.ts";

/** All windows of a node. */
export class Windows {
  readonly aggregates: Aggregates;
  readonly #book: Book;
  readonly #kind: WindowKind;
  readonly #values: PacketValues | undefined;
  readonly #closesOldest: boolean;
  /** What a snapshot must fit. */
  readonly #shape: string;

  constructor(config: WindowConfig, context: NodeContext) {
    const { window, aggregates, key = null } = config;
    this.#shape = JSON.stringify({ window, aggregates, key });
    this.#closesOldest = config.on_full === "close_oldest";
    this.aggregates = new Aggregates(aggregates);
    this.#values = window.type === "sliding" ? new PacketValues(this.aggregates) : undefined;
    const limits = { maxKeys: config.max_keys, maxWindows: config.max_windows };
    const results = new Results(context, this.aggregates, config.kind);
    this.#book = new Book(this.#values ?? this.aggregates, results, limits);
    this.#kind = this.#makeKind(config);
  }

  /** Counts the packet in whose values `aggregates` has read. */
  take(key: string, timeMs: number, skipped: number, emit: Emitter): Taken {
    const taken = this.#kind.take(key, timeMs, skipped, emit);
    if (taken !== "refused" || !this.#closesOldest) return taken;
    const oldest = this.#book.keys.oldest();
    if (oldest >= 0) this.#kind.closeKey(oldest, emit);
    return this.#kind.take(key, timeMs, skipped, emit);
  }

  /** Results of what is over; undefined when nothing is. */
  advance(watermarkMs: number): Generator<StreamPacket> | undefined {
    const book = this.#book;
    if (!(watermarkMs > book.watermarkMs)) return undefined;
    book.watermarkMs = watermarkMs;
    if (watermarkMs !== Number.POSITIVE_INFINITY && !this.#isDue(watermarkMs)) return undefined;
    return this.#fire(watermarkMs);
  }

  metrics() {
    const { keys, panes, opened, cut } = this.#book;
    const { failed } = this.aggregates;
    return {
      keys: keys.size,
      windows: panes.open,
      windows_total: opened,
      cut_total: cut,
      expressions_failed_total: failed,
    };
  }

  snapshot() {
    const { used } = this.#book.panes;
    const contents = this.#values?.snapshot(used) ?? this.aggregates.snapshot(used);
    return { shape: this.#shape, book: this.#book.snapshot(), contents };
  }

  restore(state: unknown) {
    const { shape, book, contents } = state as ReturnType<Windows["snapshot"]>;
    if (shape !== this.#shape) throw new Error("the windows were others: window, key or aggregates have been changed");
    this.#book.restore(book);
    if (this.#values === undefined) this.aggregates.restore(contents);
    else this.#values.restore(contents);
  }

  #makeKind({ window, allowed_lateness, early }: WindowConfig): WindowKind {
    const latenessMs = lengthOf(allowed_lateness);
    const every = early?.every;
    const soon: Early = {
      everyMs: typeof every === "string" ? lengthOf(every) : undefined,
      everyPackets: typeof every === "number" ? every : undefined,
    };
    const size = lengthOf(window.size);
    const hop = lengthOf(window.hop ?? window.size);
    if (window.type === "session") {
      return new SessionWindows(this.#book, this.aggregates, lengthOf(window.gap), latenessMs, soon);
    }
    if (window.type === "count") return new CountWindows(this.#book, size, hop, soon);
    if (this.#values !== undefined) {
      return new SlidingWindows(this.#book, this.#values, this.aggregates, size, latenessMs);
    }
    const originMs = Math.round(parseIsoMs(window.origin));
    return new AlignedWindows(this.#book, { sizeMs: size, hopMs: hop, originMs }, latenessMs, soon);
  }

  #isDue(watermarkMs: number): boolean {
    const { nextMs } = this.#book.agenda;
    return (
      nextMs < watermarkMs || (nextMs === watermarkMs && !this.#kind.strict && nextMs !== Number.POSITIVE_INFINITY)
    );
  }

  *#fire(watermarkMs: number): Generator<StreamPacket> {
    const { agenda, panes } = this.#book;
    while (this.#isDue(watermarkMs)) {
      const dueMs = agenda.nextMs;
      const slots = agenda.take().filter((slot) => panes.due[slot] === dueMs);
      for (const slot of this.#book.sort(slots)) {
        if (panes.due[slot] !== dueMs) continue;
        panes.due[slot] = Number.NaN;
        const packet = this.#kind.due(slot, dueMs);
        if (packet !== undefined) yield packet;
      }
    }
    if (watermarkMs === Number.POSITIVE_INFINITY) yield* this.#kind.end?.() ?? [];
  }
}
