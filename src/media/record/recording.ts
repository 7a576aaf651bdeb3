import * as path from "node:path";
import type { Child, NodeContext } from "../../node/index.ts";
import { complaintsOf, hideCredentials } from "../complaints.ts";
import { DecodeError } from "../decode_error.ts";
import type { Sign } from "../live/live_source.ts";
import { streamFacts } from "../stream_facts.ts";
import { Connection } from "./connection.ts";
import { recordArgv, streamKinds } from "./record_argv.ts";
import { type RecordLine, recordLines } from "./record_lines.ts";
import { type SegmentRing, segmentName } from "./segment_ring.ts";

export type RecordContext = Pick<NodeContext, "spawn" | "ffmpeg" | "files" | "clock">;

export interface RecordSpec {
  /** What people are shown; no secrets. */
  readonly name: string;
  /** ffmpeg's options of the input, `-i`, and the input. */
  readonly input: readonly string[];
  readonly ffmpeg: string | undefined;
  readonly audio: boolean;
  /** Number of this connection, for the names of files. */
  readonly number: number;
  readonly ring: SegmentRing;
  /** Throws when the disk has no room for more. */
  readonly room: () => void;
  readonly onSegment: () => void;
  /** ffmpeg itself found the disk full. */
  readonly onFull: () => void;
}

/** ffmpeg is asked to end, so that it finishes the segment it is at, and is killed after so long. */
const STOP_MS = 1_500;

/** Starts ffmpeg and waits until it records. Rejects with a {@link DecodeError}, also when `signal` aborts first. */
export async function openRecording(context: RecordContext, spec: RecordSpec, signal: AbortSignal) {
  spec.room();
  const ffmpeg = await context.ffmpeg(spec.ffmpeg);
  const segments = path.join(spec.ring.folder, segmentName(spec.number, "%06d"));
  const child = context.spawn({ argv: recordArgv(ffmpeg, { ...spec, segments }) });
  const recording = new Recording(child, spec, context);
  const kill = () => child.kill();
  signal.addEventListener("abort", kill, { once: true });
  try {
    if (signal.aborted) kill();
    await recording.open();
    return recording;
  } catch (error) {
    await recording.close();
    throw error;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

/** One connection that is being recorded. */
export class Recording {
  info: { width?: number; height?: number; codec?: string | undefined } = {};
  readonly #child: Child;
  readonly #spec: RecordSpec;
  readonly #context: RecordContext;
  readonly #reading: Promise<void>;
  #connection: Connection | undefined;
  #listed = 0;
  #pictures = 0;
  #seen = 0;
  #ended = false;
  #error: Error | undefined;
  #wake = () => {};

  constructor(child: Child, spec: RecordSpec, context: RecordContext) {
    this.#child = child;
    this.#spec = spec;
    this.#context = context;
    this.#reading = this.#read();
  }

  async open() {
    if (await this.#more()) {
      const { source, codec } = streamFacts(this.#child.stderrTail());
      this.info = { ...source, codec };
      return;
    }
    if (this.#error !== undefined) throw this.#error;
    const { code, signal } = await this.#child.exited;
    const stderr = this.#child.stderrTail();
    const how = code === null ? `was ended by ${signal}` : `ended with code ${code}`;
    throw new DecodeError(this.#spec.name, `ffmpeg ${how}`, complaintsOf(stderr), streamFacts(stderr));
  }

  /** A sign of life each time there were more pictures; ends with the stream. Throws when the disk has no room. */
  async *frames(): AsyncGenerator<Sign, void> {
    while (await this.#more()) yield {};
    if (this.#error !== undefined) throw this.#error;
  }

  complaints(): readonly string[] {
    return complaintsOf(this.#child.stderrTail());
  }

  async close() {
    await this.#child.stop(STOP_MS);
    await this.#reading;
  }

  /** Waits for more pictures; false at the end. */
  async #more(): Promise<boolean> {
    while (this.#seen === this.#pictures && !this.#ended) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    const more = this.#pictures > this.#seen;
    this.#seen = this.#pictures;
    return more && this.#error === undefined;
  }

  /** Goes on to the end of the pipe also while nobody looks, as the last segment comes after ffmpeg was told to end. */
  async #read() {
    try {
      for await (const line of recordLines(this.#child.stdout)) this.#take(line);
      await this.#child.exited;
    } catch (error) {
      this.#error = new Error(hideCredentials((error as Error).message), { cause: error });
      this.#child.kill();
      await this.#child.exited;
    }
    this.#removeUnfinished();
    if (this.complaints().some((line) => line.includes("No space left on device"))) this.#spec.onFull();
    this.#ended = true;
    this.#wake();
  }

  #take({ segment, pictures = this.#pictures }: RecordLine) {
    if (pictures > this.#pictures) {
      this.#pictures = pictures;
      this.#wake();
    }
    if (segment === undefined) return;
    const { ring, room, onSegment } = this.#spec;
    this.#connection ??= new Connection(streamKinds(this.#child.stderrTail()));
    this.#connection.ended(segment.toSec, this.#context.clock.nowMs());
    const file = path.join(ring.folder, segment.name);
    this.#listed += 1;
    ring.add({ ...segment, file, bytes: this.#context.files.stat(file).size, connection: this.#connection });
    onSegment();
    room();
  }

  /** The segment that ffmpeg was at when it was killed, or when the disk was full. */
  #removeUnfinished() {
    const { ring, number } = this.#spec;
    const name = segmentName(number, String(this.#listed).padStart(6, "0"));
    this.#context.files.remove(path.join(ring.folder, name));
  }
}
