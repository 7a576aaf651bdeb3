import { systemClock } from "../../../src/base/clock.ts";
import { exchange } from "../../../src/cli/exchange.ts";
import { spawnChild } from "../../../src/cli/spawn_child.ts";
import { findFfmpeg } from "../../../src/media/index.ts";
import type { NodeContext } from "../../../src/node/index.ts";
import { clipSink } from "../../../src/nodes/vision/clip_sink.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { alive } from "../../support/camera_run.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

export interface Notice {
  status: "written" | "failed";
  clip_path: string;
  events: string[];
  event_count: number;
  reason?: string;
  whole: boolean;
  start_ts: string;
  duration_sec: number;
  codec: string;
  bytes: number;
}

/** `clip_sink` at work: real time, real processes. Started when it is made, and ended by its `using` scope. */
export async function clipRun(base: string, config: Record<string, unknown>, changes: Partial<NodeContext> = {}) {
  const made = testContext({ base });
  const pids: number[] = [];
  const spawn: NodeContext["spawn"] = (options) => {
    const child = spawnChild(options);
    pids.push(child.pid);
    return child;
  };
  const context = { ...made, clock: systemClock, spawn, exchange, ffmpeg: findFfmpeg, ...changes } as typeof made;
  const { node, on, process } = startNode(clipSink, { min_free: 0, ...config }, context);
  await node.open!();
  /** A frame that says nothing but that time goes on. */
  const tick = () => process(frame({ ts: new Date().toISOString() }), "frames");
  const close = async () => {
    await node.close!();
    return pids.filter(alive);
  };
  let closed = false;
  let given = 0;
  return {
    node,
    pids,
    logged: made.logged,
    /** Does what `process` does, and gives what it gave back. */
    hand: (one: StreamPacket, input: "frames" | "events") =>
      node.process(one, { out: () => {}, clips: () => {} } as never, input),
    see: (one: StreamPacket) => process(one, "frames"),
    async hear(one: StreamPacket) {
      await process(one, "events");
      return (on("out").at(-1)!.payload as { clip_path: string | null }).clip_path;
    },
    metric: (name: string) => node.metrics!()[name]!,
    notices: () => on("clips").map(({ payload }) => payload as Notice),
    /** Looks again and again until it is so. */
    async until(what: string, holds: () => boolean, limitMs = 15_000) {
      const endMs = performance.now() + limitMs;
      while (!holds()) {
        if (performance.now() > endMs) {
          throw new Error(
            `not within ${limitMs} ms: ${what}\n${JSON.stringify(node.metrics!())}\n${JSON.stringify(made.logged)}`,
          );
        }
        await Bun.sleep(10);
      }
    },
    /** The next notice that was not given yet, with the frames that bring it. */
    async notice(): Promise<Notice> {
      const before = given++;
      const endMs = performance.now() + 15_000;
      while (on("clips").length <= before) {
        if (performance.now() > endMs)
          throw new Error(`no notice ${JSON.stringify(node.metrics!())}\n${JSON.stringify(made.logged)}`);
        await Bun.sleep(50);
        await tick();
      }
      return on("clips")[before]!.payload as Notice;
    },
    /** Ends it; gives the children that are left. */
    close() {
      closed = true;
      return close();
    },
    async [Symbol.asyncDispose]() {
      if (!closed) await close();
    },
  };
}

let events = 0;

export function event(fields: Partial<StreamPacket> = {}): StreamPacket {
  const ts = new Date().toISOString();
  const key = `event:${events++}`;
  const payload = { site_id: "S001", camera_id: "cam01", track_id: 7 };
  return packet({ kind: "event", source_id: "cam01", ts, payload, meta: { idempotency_key: key }, ...fields });
}

export function frame({ shade = 0, ...fields }: Partial<StreamPacket> & { shade?: number }): StreamPacket {
  const data = new Uint8Array(new SharedArrayBuffer(64 * 48)).fill(shade);
  const payload = { width: 64, height: 48, format: "gray", stride: 64, data, frame_idx: 0 };
  return packet({ kind: "frame", source_id: "cam01", payload, ...fields });
}

interface Looked {
  streams: { codec_type: string; codec_name: string; width?: number; height?: number }[];
  format: { duration: string };
}

/** What a player finds in a file. */
export function look(file: string) {
  const { success, stdout, stderr } = Bun.spawnSync([
    ...[
      "ffprobe",
      "-v",
      "error",
      "-of",
      "json",
      "-show_entries",
      "stream=codec_type,codec_name,width,height:format=duration",
    ],
    file,
  ]);
  if (!success) throw new Error(`${file}: ${stderr}`);
  const { streams, format } = JSON.parse(stdout.toString()) as Looked;
  const codecs = Object.fromEntries(streams.map(({ codec_type, codec_name }) => [codec_type, codec_name]));
  return { codecs, durationSec: Number(format.duration), size: streams[0] };
}

/** A sum of every decoded picture, in order. */
export function pictureSums(file: string): string[] {
  const argv = ["ffmpeg", "-v", "error", "-i", file, "-map", "0:v", "-f", "framemd5", "-"];
  const { success, stdout, stderr } = Bun.spawnSync(argv);
  if (!success || stderr.length > 0) throw new Error(`${file}: ${stderr}`);
  const lines = stdout.toString().split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(",").at(-1)!.trim());
}

/** Mean brightness of each picture, 0…255. */
export function brightness(file: string): number[] {
  const argv = ["ffmpeg", "-v", "error", "-i", file, "-map", "0:v", "-vf", "scale=1:1:flags=area,format=gray"];
  return [...Bun.spawnSync([...argv, "-fps_mode", "passthrough", "-f", "rawvideo", "-"]).stdout];
}
