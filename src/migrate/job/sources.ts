import * as fs from "node:fs";
import * as path from "node:path";
import { spotAt } from "../../graph/raw.ts";
import { type MigrateContext, refuse, relativeTo } from "../context.ts";
import { namesIn } from "../names_in.ts";
import type { WrittenNode } from "../written.ts";
import type { Camera } from "./cameras.ts";
import type { Job } from "./job.ts";

/** Seconds, as rtsp_source has it. */
const SHORTEST_TIMEOUT = 0.1;

type Made = Pick<WrittenNode, "plugin" | "config"> | undefined;

/** The source node of a camera; undefined when something is wrong, which is reported. */
export function sourceOf(camera: Camera, job: Job, context: MigrateContext): Made {
  const { flags } = job;
  if (flags.at("video") !== undefined && camera.type !== "file") {
    return flags.refuse(
      "video",
      `goes with files, and the source is ${camera.type}`,
      "leave out --video, or --source-type",
    );
  }
  if (camera.type === "file") return videoFile(camera, job, context);
  if (camera.type === "rtsp") return rtsp(camera, job);
  if (camera.type === "webcam") return webcam(camera, job);
  return plugin(camera, job);
}

function videoFile(camera: Camera, { flags, root }: Job, context: MigrateContext): Made {
  const file = videoOf(camera, { flags, root }, context);
  if (file === undefined) return undefined;
  return {
    plugin: "video_file",
    config: {
      ...{ path: relativeTo(context.targetDir, file), source_id: camera.id, pace: "real_time" },
      ...(flags.boolean("loop") ? { loop: true } : {}),
    },
  };
}

/** A file that was not there gave way to the first sample; one that a flag names must be there. */
function videoOf(
  camera: Camera,
  { flags, root }: Pick<Job, "flags" | "root">,
  context: MigrateContext,
): string | undefined {
  const video = flags.text("video");
  const missing = (at: Camera["source"], key: string, why: string, hint?: string) =>
    refuse(context, "MIGRATE_FILE", spotAt(at.tree, [key]), [key], `Cannot migrate the job as ${why}`, hint);
  if (video !== undefined) {
    const file = [context.cwd, root].map((folder) => path.resolve(folder, video)).find((one) => fs.existsSync(one));
    return file ?? missing(flags, "video", `there is no video ${video}`, `looked in ${context.cwd} and ${root}`);
  }
  const key = camera.source.at("path") === undefined ? "url" : "path";
  const named = camera.source.name(key);
  const file = named === undefined ? undefined : path.resolve(root, named);
  if (file !== undefined && fs.existsSync(file)) return file;
  const samples = path.join(root, "data/samples");
  const [first] = namesIn(samples, ".mp4");
  const stream = named?.includes("://") ? "; a stream needs type: rtsp" : "";
  const what = named === undefined ? `camera "${camera.id}" names no video` : `there is no video ${named}${stream}`;
  const at = named === undefined ? "path" : key;
  if (first === undefined)
    return missing(camera.source, at, what, `and no .mp4 in ${samples}, which the job fell back to`);
  const { leftOuts } = context;
  const spot = spotAt(camera.source.tree, [at], "key");
  leftOuts.add(spot, camera.source.path(at), `${what}: as the job did, the first sample is taken, ${first}`);
  return path.join(samples, first);
}

function rtsp(camera: Camera, { settings }: Job): Made {
  const url = camera.source.name("url") && camera.source.written("url");
  if (url === undefined && camera.source.at("url") !== undefined) return undefined;
  if (url === undefined) return camera.source.refuse("url", "is missing: a camera of type rtsp has one");
  const from = settings.under("rtsp");
  const base = from.number("base_delay_sec") ?? 0.5;
  const [timeout, longest] = [from.number("timeout_sec") ?? 5, from.number("max_delay_sec") ?? 10];
  if (timeout < SHORTEST_TIMEOUT) from.leaveOut("timeout_sec", `it is ${SHORTEST_TIMEOUT} s at least`);
  if (longest < base) from.leaveOut("max_delay_sec", `it is base_delay_sec at least, ${base} s`);
  from.leaveOut("jitter_ratio", "rtsp_source waits a random part of each wait (reconnect_jitter)");
  return {
    plugin: "rtsp_source",
    config: {
      ...{ url, source_id: camera.id, transport: from.choice("transport", ["tcp", "udp"]) ?? "tcp" },
      ...{ timeout_sec: Math.max(SHORTEST_TIMEOUT, timeout), reconnect_backoff_sec: base },
      reconnect_backoff_max_sec: Math.max(base, longest),
      reconnect_max_attempts: from.integer("max_attempts") ?? 0,
    },
  };
}

/** The number of a webcam could also stand where a file's path does. */
function webcam(camera: Camera, { flags }: Job): Made {
  const asked = flags.integer("camera_index") ?? camera.source.integer("index");
  const written = camera.source.text("path");
  const number = asked ?? (written !== undefined && /^\d+$/.test(written) ? Number(written) : undefined);
  if (number === undefined && written !== undefined) {
    return camera.source.refuse("path", "must be the number of a webcam", "write index: 0");
  }
  return { plugin: "webcam_source", config: { camera_index: number ?? 0, source_id: camera.id } };
}

function plugin(camera: Camera, { settings }: Job): Made {
  const global = settings.text("source.adapter");
  const address = global ?? camera.source.text("adapter");
  if (address === undefined) return camera.source.refuse("adapter", "is missing: a camera of type plugin names one");
  const [at, key] = global === undefined ? [camera.source, "adapter"] : [settings.under("source"), "adapter"];
  const hint = address.startsWith("ai.plugins.ros2.")
    ? "no node here reads ROS 2; a bridge to RTSP or HTTP gives a picture source"
    : "write it as a plugin: schnitzel new plugin NAME";
  return at.refuse(key, "names a class that has no counterpart", hint);
}
