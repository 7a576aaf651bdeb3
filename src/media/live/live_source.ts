import { sleep } from "../../base/clock.ts";
import type { NodeContext } from "../../node/index.ts";
import { DecodeError } from "../decode_error.ts";
import type { DecodedFrame, StreamInfo } from "../decode_spec.ts";
import type { Decoder } from "../decoder.ts";
import { type Fault, fault, faultOf } from "./fault.ts";
import { Outage } from "./outage.ts";
import type { Probe } from "./probe.ts";
import { Reconnection, type ReconnectPolicy } from "./reconnection.ts";
import { Stillness } from "./stillness.ts";
import { ABORTED, LATE, within } from "./within.ts";
import { CAMERA_WORDS, type LiveWords } from "./words.ts";

/** A connection to a camera that is open: decoded pictures, or a recording that says that it goes on. */
export interface Feed<Item extends Sign = Sign> {
  readonly info: Partial<Pick<StreamInfo, "width" | "height" | "fps" | "codec">>;
  frames(): AsyncIterable<Item>;
  complaints(): readonly string[];
  close(): Promise<void>;
}

/** Something came. With pixels it is looked at whether they change. */
export interface Sign {
  readonly slot?: DecodedFrame["slot"];
}

type ItemOf<Input extends Feed> = Input extends Feed<infer Item> ? Item : never;

export interface LivePlan<Input extends Feed = Decoder> {
  /** What logs call the camera; no secrets. */
  readonly name: string;
  /** How people are told of it; as of a camera unless given. */
  readonly words?: LiveWords;
  /**
   * Starts ffmpeg. `fast` looks at little of the stream before the first picture. When `signal` aborts it ends ffmpeg
   * and rejects.
   */
  readonly open: (fast: boolean, signal: AbortSignal) => Promise<Input>;
  /** Takes secrets out of ffmpeg's words. */
  readonly hide: (text: string) => string;
  readonly probe: Probe | undefined;
  readonly policy: ReconnectPolicy;
  /** The longest time from one probe to the next. */
  readonly probeMs: number;
  /** ffmpeg ends by itself when the camera says nothing for so long. */
  readonly timeoutMs: number;
  /** From the start to the first picture. */
  readonly firstFrameMs: number;
  /** From one picture to the next. */
  readonly stallMs: number;
  readonly frozenMs: number;
  readonly expectedOffline: (nowMs: number) => boolean;
}

export interface LiveFrame<Input extends Feed = Decoder> {
  readonly decoder: Input;
  readonly decoded: ItemOf<Input>;
  /** Number of the connection, from 1: how often the camera was opened with success. */
  readonly epoch: number;
}

export type LiveState = "idle" | "connecting" | "streaming" | "waiting" | "ended";

/**
 * Pictures of a camera for as long as the graph runs: connecting → streaming → waiting → connecting …
 *
 * Every end of a stream is a loss, also the one that ffmpeg calls a success. While nobody asks for a frame the decoder
 * goes on reading, so the next one asked for is new.
 */
export class LiveSource<Input extends Feed = Decoder> {
  state: LiveState = "idle";
  epoch = 0;
  readonly counts = { ffmpeg_starts_total: 0, losses_total: 0, stalls_total: 0, freezes_total: 0, probes_total: 0 };
  readonly #context: NodeContext;
  readonly #plan: LivePlan<Input>;
  readonly #reconnection: Reconnection;
  readonly #stillness: Stillness;
  readonly #outage: Outage;
  #fast = true;
  #gapMs = FIRST_PROBE_MS;

  constructor(plan: LivePlan<Input>, context: NodeContext) {
    this.#context = context;
    this.#plan = plan;
    this.#reconnection = new Reconnection(plan.policy, context.random);
    this.#stillness = new Stillness(plan.frozenMs);
    this.#outage = new Outage(plan, context);
  }

  /** Throws when the plan allows no further try. */
  async *frames(signal: AbortSignal): AsyncGenerator<LiveFrame<Input>, void> {
    while (!signal.aborted) {
      const lost = yield* this.#stream(signal);
      if (lost === undefined || signal.aborted) break;
      if (lost.kind === "no_stream" && this.#fast) {
        // It may be a stream that shows what it is late; the next try, at once, looks as long as ffmpeg usually does.
        this.#fast = false;
        continue;
      }
      this.#lose(lost);
      await this.#wait(signal);
    }
    this.state = "ended";
  }

  get #words(): LiveWords {
    return this.#plan.words ?? CAMERA_WORDS;
  }

  #now(): number {
    return this.#context.clock.monotonicMs();
  }

  /** One connection; gives the reason of its end, undefined when it was asked to end. */
  async *#stream(signal: AbortSignal): AsyncGenerator<LiveFrame<Input>, Fault | undefined> {
    const startedMs = this.#begin();
    const cut = new AbortController();
    const epoch = this.epoch;
    const opening = this.#plan.open(this.#fast, cut.signal);
    try {
      const decoder = await this.#within(this.#plan.firstFrameMs, signal, opening);
      if (decoder === ABORTED) return undefined;
      if (decoder === LATE) return this.#late("no", this.#plan.firstFrameMs);
      return yield* this.#pictures(decoder, signal);
    } catch (thrown) {
      return this.#faultOf(thrown, startedMs, epoch);
    } finally {
      cut.abort();
      const closed = opening.then(
        (decoder) => decoder.close(),
        () => {},
      );
      // A process that waits for a device that was pulled out cannot even be killed; it is left to the system.
      await within(this.#context.clock, CLOSE_MS, NEVER, closed);
    }
  }

  #begin(): number {
    const nowMs = this.#now();
    this.state = "connecting";
    this.counts.ffmpeg_starts_total += 1;
    this.#outage.connecting();
    this.#reconnection.started(nowMs);
    return nowMs;
  }

  async *#pictures(decoder: Input, signal: AbortSignal): AsyncGenerator<LiveFrame<Input>, Fault | undefined> {
    const frames = (decoder.frames() as AsyncIterable<ItemOf<Input>>)[Symbol.asyncIterator]();
    const { firstFrameMs, stallMs } = this.#plan;
    const startedMs = this.#now();
    const before = this.epoch;
    for (;;) {
      const limitMs = this.epoch === before ? firstFrameMs : stallMs;
      const step = await this.#within(limitMs, signal, frames.next());
      if (step === ABORTED) return undefined;
      if (step === LATE) return this.#late("no further", limitMs);
      if (step.done) return this.#faultOf(decoder, startedMs, before);
      if (this.epoch === before) this.#streaming(decoder);
      const { slot } = step.value;
      if (slot !== undefined && this.#stillness.frozen(slot.data, this.#now())) {
        slot.release();
        this.counts.freezes_total += 1;
        return fault("frozen", `the picture has not changed for ${this.#plan.frozenMs / 1_000} s or longer`);
      }
      yield { decoder, decoded: step.value, epoch: this.epoch };
    }
  }

  #within<Value>(limitMs: number, signal: AbortSignal, promise: Promise<Value>) {
    return within(this.#context.clock, limitMs, signal, promise);
  }

  #streaming({ info }: Input) {
    this.epoch += 1;
    this.state = "streaming";
    this.#gapMs = FIRST_PROBE_MS;
    const nowMs = this.#now();
    this.#reconnection.streaming(nowMs);
    this.#stillness.opened(nowMs);
    this.#outage.over(info, this.epoch);
  }

  #late(what: string, afterMs: number): Fault {
    this.counts.stalls_total += 1;
    return fault("stalled", `${what} ${this.#words.item} came within ${afterMs / 1_000} s`);
  }

  /** Why pictures ended: with an error, or as a file does. */
  #faultOf(ended: unknown, startedMs: number, epoch: number): Fault {
    const { timeoutMs, hide } = this.#plan;
    const error = ended instanceof Error ? hide(ended.message) : undefined;
    const complaints = complaintsIn(ended).map(hide);
    return faultOf({ error, complaints, ranMs: this.#now() - startedMs, streamed: this.epoch > epoch, timeoutMs });
  }

  #lose(lost: Fault) {
    this.counts.losses_total += 1;
    if (this.#reconnection.lost(this.#now(), lost.kind)) return this.#outage.lost(lost);
    this.state = "ended";
    const { name } = this.#plan;
    const { item, hints } = this.#words;
    const tried = `gave no ${item} in ${this.#reconnection.attempts} tries`;
    throw new Error(`${name} ${tried}: ${lost.text}; ${hints[lost.kind] ?? lost.hint}`);
  }

  /** Until the backoff is over, or a probe finds that the camera has come back. */
  async #wait(signal: AbortSignal) {
    this.state = "waiting";
    const { probe, probeMs } = this.#plan;
    while (!signal.aborted) {
      if (probe !== undefined) await this.#probe(probe, signal);
      const leftMs = this.#reconnection.dueMs - this.#now();
      if (leftMs <= 0) return;
      await sleep(this.#context.clock, probe === undefined ? leftMs : Math.min(leftMs, this.#gapMs), signal);
      this.#gapMs = Math.min(probeMs, this.#gapMs * 1.5);
      if (this.#reconnection.dueMs <= this.#now()) return;
    }
  }

  async #probe(probe: Probe, signal: AbortSignal) {
    this.counts.probes_total += 1;
    const found = await this.#within(this.#plan.probeMs, signal, probe());
    if (found !== ABORTED) this.#reconnection.probed(this.#now(), found === true);
  }
}

/** Of an open decoder, or of the error of one that could not be opened. */
function complaintsIn(ended: unknown): readonly string[] {
  if (ended instanceof DecodeError) return ended.complaints;
  return ended instanceof Error ? [] : (ended as Feed).complaints();
}

/** A killed ffmpeg is gone in milliseconds. */
const CLOSE_MS = 2_000;
const NEVER = new AbortController().signal;

/**
 * The first gap between two probes; each is half as long again as the last, so that an outage of T is found to be over
 * after less than 1.5 · T.
 */
const FIRST_PROBE_MS = 250;
