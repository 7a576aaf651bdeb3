import type { NodeContext } from "../../node/index.ts";
import { type CameraAddress, withoutSecrets } from "../live/address.ts";
import { rtspInput } from "../live/inputs.ts";
import { LiveSource } from "../live/live_source.ts";
import { probeCamera } from "../live/probe.ts";
import { openRecording, type Recording } from "./recording.ts";
import type { SegmentRing } from "./segment_ring.ts";

export interface RecorderOptions {
  readonly address: CameraAddress;
  readonly transport: "tcp" | "udp";
  readonly audio: boolean;
  readonly ffmpeg: string | undefined;
  /** Throws when the disk has no room for more. */
  readonly room: () => void;
  /** Called after each segment. */
  readonly onSegment: () => void;
}

/** As `rtsp_source` has them: ffmpeg gives up by itself, then the watchdog. Key frames may be 20 s apart. */
const TIMEOUT_MS = 5_000;
const STALL_MS = 10_000;
const FIRST_MS = 30_000;
/** The longest wait: what is not recorded is lost, so it is shorter than for pictures. */
const BACKOFF_MAX_MS = 15_000;
const PROBE_MS = 5_000;

/** Records a camera into a ring of segments for as long as the graph runs, and finds it again when it was away. */
export class Recorder {
  readonly #live: LiveSource<Recording>;
  readonly #abort = new AbortController();
  #number = 0;
  #fullFor = 0;
  #running: Promise<void> | undefined;

  constructor(options: RecorderOptions, ring: SegmentRing, context: NodeContext) {
    const { address, transport, audio, ffmpeg } = options;
    const hide = (text: string) => withoutSecrets(address, text);
    const onFull = () => {
      this.#fullFor += 1;
    };
    const room = () => {
      try {
        options.room();
        ring.checkRoom();
      } catch (error) {
        onFull();
        throw error;
      }
    };
    this.#live = new LiveSource<Recording>(
      {
        name: `${address.shown} (recording)`,
        open: async (_fast, signal) => {
          // The whole look of ffmpeg: what it looks at is recorded too, and sound that comes late is found.
          const found = await context.ffmpeg(ffmpeg);
          const input = rtspInput(address, found, { transport, timeoutMs: TIMEOUT_MS, fast: false });
          const number = ++this.#number;
          const calls = { room, onFull, onSegment: options.onSegment };
          return openRecording(context, { name: address.shown, input, ffmpeg, audio, number, ring, ...calls }, signal);
        },
        hide,
        probe: probeCamera(context.exchange, address),
        policy: {
          ...{ reconnect: true, maxAttempts: 0, jitter: true, restMs: 60_000 },
          ...{ backoffMs: 1_000, backoffMaxMs: BACKOFF_MAX_MS },
        },
        ...{ probeMs: PROBE_MS, timeoutMs: TIMEOUT_MS, firstFrameMs: FIRST_MS, stallMs: STALL_MS, frozenMs: 0 },
        expectedOffline: () => false,
      },
      context,
    );
  }

  start() {
    this.#running = this.#run();
  }

  /** Ends the recording; its last segment is finished first. */
  async close() {
    this.#abort.abort();
    await this.#running;
  }

  metrics() {
    const { ffmpeg_starts_total, losses_total } = this.#live.counts;
    return {
      recording: this.#live.state === "streaming" ? 1 : 0,
      recorder_starts_total: ffmpeg_starts_total,
      recorder_losses_total: losses_total,
      disk_full_total: this.#fullFor,
    };
  }

  async #run() {
    for await (const _ of this.#live.frames(this.#abort.signal));
  }
}
