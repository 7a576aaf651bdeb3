import * as path from "node:path";
import { type MigrateContext, relativeTo } from "../context.ts";
import { UniqueIds } from "../unique_ids.ts";
import type { WrittenNode } from "../written.ts";
import type { Camera } from "./cameras.ts";
import type { Job } from "./job.ts";
import { Line, type Parts } from "./line.ts";
import { modelChains } from "./model.ts";
import { outputOf } from "./output.ts";
import { policies } from "./policies.ts";
import { fusionConfig, type Sensors, sensorsOf } from "./sensors.ts";
import { sourceOf } from "./sources.ts";

const OUT = "events_out";
const SNAPSHOTS = "snapshots";

/** What all cameras have in common. */
interface Shared {
  job: Job;
  context: MigrateContext;
  sensors: Sensors | undefined;
  pictures: WrittenNode | undefined;
}

/** The whole graph: a chain for each camera, the sensors, and one place where the events go. */
export function pipeline(cameras: readonly Camera[], job: Job, context: MigrateContext): Parts {
  const shared: Shared = { job, context, sensors: sensorsOf(job), pictures: snapshots(job, context) };
  const parts: Parts = { nodes: [...(shared.sensors?.nodes ?? [])], edges: [...(shared.sensors?.edges ?? [])] };
  if (shared.sensors !== undefined && cameras.length > 0 && cameras.every(({ type }) => type === "file")) {
    const reason = "the sensor goes on, and the graph with it, when all videos have ended; the job ended";
    job.settings.under("sensor").leaveOut("enabled", reason);
  }
  const ids = new UniqueIds();
  for (const id of [OUT, SNAPSHOTS, ...parts.nodes.map((node) => node.id)]) ids.take(id);
  for (const [at, camera] of cameras.entries()) {
    const source = sourceOf(camera, job, context);
    if (source === undefined) continue;
    const line = new Line(ids.take(camera.id), ids, parts);
    line.begin({ ...source, ...(camera.name === undefined ? {} : { comments: [camera.name] }) });
    addCamera(line, camera, at === 0, shared);
  }
  if (shared.pictures !== undefined) {
    parts.nodes.push(shared.pictures);
    parts.edges.push({ from: SNAPSHOTS, to: OUT });
  }
  parts.nodes.push({ id: OUT, ...outputOf(job, context) });
  return parts;
}

/** Read, sample, look, build events, fuse, zones, deduplicate, keep a picture, send. */
function addCamera(line: Line, camera: Camera, first: boolean, { job, context, sensors, pictures }: Shared) {
  const frames = addSampling(line, job);
  const chains = modelChains(job, camera.type !== "file", context);
  const made = chains.map((chain) => line.branch(frames, chain));
  if (job.flags.boolean("visualize") === true && made.length > 0) addView(line, made[0]![0]!, job, frames, context);
  const lasts = made.map((ids) => ids.at(-1)!);
  line.join("events", { plugin: "event_v02", config: { site_id: job.siteId, camera_id: camera.id } }, lasts);
  job.settings.leaveOut("app.site_id", "event ids follow from the facts; the job made random ones");
  if (sensors !== undefined) addFusion(line, camera, first, sensors, job);
  for (const { as, ...node } of policies(camera, job, context)) line.next(as, node);
  if (pictures !== undefined) line.edge(frames, `${SNAPSHOTS}.frames`);
  line.to(pictures === undefined ? OUT : `${SNAPSHOTS}.events`);
}

/** Gives the id of the node whose frames are looked at. */
function addSampling(line: Line, { settings }: Job): string {
  const fps = settings.number("ingest.fps_limit", Number.NEGATIVE_INFINITY) ?? 10;
  // The first frame of each slot of time: of a file with even frames those that the job chose by counting.
  line.next("sample", { plugin: "sample", config: { target_fps: fps > 0 ? fps : 1 } });
  return line.end;
}

function addFusion(line: Line, { id }: Camera, first: boolean, { readings }: Sensors, job: Job) {
  const config = fusionConfig(job, id, first);
  line.next("fusion", { plugin: "sensor_fusion", config }, "events");
  for (const reading of readings) line.edge(reading, `${line.end}.sensors`);
  if ("emit_events" in config) line.edge(`${line.end}.sensor_events`, OUT);
  if ("emit_fused_events" in config) line.also(`${line.end}.fused`);
}

/** One node for all cameras, as its folder has one owner; undefined when the job kept no pictures. */
function snapshots({ settings, root }: Job, context: MigrateContext): WrittenNode | undefined {
  const from = settings.under("events").under("snapshot");
  const dir = from.text("base_dir");
  if (dir === undefined) return undefined;
  const public_prefix = from.text("public_prefix");
  from.leaveOut("base_dir", "pictures are written of events that pass zones and deduplication, not of all");
  const prefix = public_prefix === undefined ? {} : { public_prefix };
  const config = { dir: relativeTo(context.targetDir, path.resolve(root, dir)), ...prefix };
  return { id: SNAPSHOTS, plugin: "snapshot_sink", config };
}

/** A window becomes a page of the browser. */
function addView(line: Line, detector: string, { settings }: Job, frames: string, context: MigrateContext) {
  const mock = settings.text("model.mode") === "mock";
  const id = line.side("view", { plugin: "live_view", ...(mock ? {} : { config: { draw: {} } }) });
  line.edge(mock ? frames : detector, id);
  context.flags.add("--http 127.0.0.1:7077");
}
