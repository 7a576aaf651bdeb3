import { childOf, nameOf, type Path, plain, show, spotAt, type Tree } from "../../graph/raw.ts";
import { commentsOf } from "../comments.ts";
import { type MigrateContext, refuse } from "../context.ts";
import type { OldDocument } from "../document.ts";
import type { WrittenGraph } from "../written.ts";
import { chosenCameras } from "./cameras.ts";
import { readConfigs } from "./configs.ts";
import { environmentTree } from "./environment.ts";
import { flagTree } from "./flags.ts";
import { mergedTrees } from "./merge.ts";
import { operations } from "./operations.ts";
import { pipeline } from "./pipeline.ts";
import { Settings } from "./settings.ts";
import { checkTypes } from "./shape.ts";
import { checkJobVersion } from "./version.ts";

/** A version 1 job with everything that it took its settings from. */
export interface Job {
  settings: Settings;
  flags: Settings;
  /** The project's folder. */
  root: string;
  siteId: string;
}

const JOB = "schnitzel_stream.jobs.legacy_ai_pipeline:LegacyAIPipelineJob";

/** The graph that does what a version 1 job did; undefined when something is wrong. */
export function newGraphOfJob(
  { raw, resolved, source }: OldDocument,
  words: readonly string[],
  context: MigrateContext,
): WrittenGraph | undefined {
  if (!checkJobVersion(resolved, context) || !isKnownJob(resolved, context)) return undefined;
  const configs = readConfigs(resolved, source.baseDir, context);
  const flags = new Settings(flagTree(words, context), context);
  if (configs === undefined || context.findings.errors > 0) return undefined;
  const settings = new Settings(mergedTrees(configs.tree, environmentTree(context)), context);
  checkTypes(settings, context);
  settings.text("app.env");
  const job: Job = { settings, flags, root: configs.root, siteId: settings.name("app.site_id") ?? "S000" };
  const cameras = chosenCameras(settings, flags, context);
  const { nodes, edges } = pipeline(cameras, job, context);
  operations(job, context);
  settings.unread((path, at) => context.leftOuts.add(at, path, reasonFor(path)));
  flags.unread((path, at) => context.leftOuts.add(at, path, "it changes nothing about this source"));
  for (const key of resolved.entries.keys())
    if (key !== "version" && key !== "job") context.leftOuts.at(resolved, [key], "the job never read it");
  const { head } = commentsOf(raw, [], raw.end);
  return { name: nameOf(source.path), nodes, edges, comments: head };
}

function isKnownJob(resolved: Tree, context: MigrateContext): boolean {
  const job = childOf(resolved, "job");
  const name = job && plain(job);
  const fail = (why: string, hint?: string) => {
    refuse(context, "MIGRATE_VALUE", spotAt(resolved, ["job"]), ["job"], `Cannot migrate the job as ${why}`, hint);
    return false;
  };
  if (typeof name !== "string" || name.trim() === "")
    return fail(`job must name a class: current value is ${show(name)}`, `write job: ${JOB}`);
  return (
    name.trim() === JOB ||
    fail(`it is ${show(name)}: only ${JOB} is known`, "a job of your own becomes a graph with plugins")
  );
}

/** Why settings that nothing here reads are left out. */
function reasonFor([first, ...rest]: Path): string {
  if (first === "stream_standard") return "it described the streams, and nothing read it";
  if (first === "sensor" || first === "sensor_env") return "no sensor is enabled that reads it";
  if (first === "model") return "model.mode is mock";
  if (first === "model_env") return "no model is configured that reads it";
  if (first === "rtsp") return "no camera is of type rtsp";
  if (first === "events") return "events do not go to the backend";
  if (first === "cameras")
    return rest.includes("source")
      ? "its source does not read it, or the camera is left out"
      : "no camera has such a setting, or it is left out";
  if (first === "zones") return "zones do not come from there";
  return "no setting of version 1 has this name";
}
