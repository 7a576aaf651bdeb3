import { spotAt } from "../../graph/raw.ts";
import { type MigrateContext, refuse } from "../context.ts";
import type { Settings } from "./settings.ts";

export const SOURCE_TYPES = ["file", "rtsp", "webcam", "plugin"] as const;
export type SourceType = (typeof SOURCE_TYPES)[number];

export interface Camera {
  id: string;
  name: string | undefined;
  type: SourceType;
  /** Its `source`. */
  source: Settings;
  /** Its entry in the list. */
  entry: Settings;
}

interface Listed extends Camera {
  enabled: boolean;
  /** The type that its own entry says. */
  own: SourceType | undefined;
}

/** The cameras that become sources: the one that flags choose, as the job did, else every one that is enabled. */
export function chosenCameras(settings: Settings, flags: Settings, context: MigrateContext): Camera[] {
  const entries = settings.items("cameras");
  const ids = new Map<string, Settings>();
  for (const entry of entries) register(entry, ids, context);
  const global = settings.choice("source.type", SOURCE_TYPES);
  const asked = flags.choice("source_type", SOURCE_TYPES);
  const video = flags.text("video");
  const all = [...ids].map(([id, entry]): Listed => {
    const source = entry.under("source");
    const own = source.choice("type", SOURCE_TYPES);
    const type = asked ?? (video === undefined ? undefined : "file") ?? global ?? own ?? "file";
    return {
      id,
      name: entry.text("name"),
      enabled: entry.boolean("enabled") ?? true,
      own,
      type,
      source,
      entry,
    };
  });
  // What is there and is no list of maps was reported.
  if (entries.length === 0 && settings.at("cameras") !== undefined && flags.at("video") === undefined) return [];
  if (entries.length === 0) return withoutList(settings, flags, asked ?? global ?? "file");
  for (const { id, enabled, entry } of all)
    if (!enabled) entry.leaveOut("enabled", `camera "${id}" is not enabled, so it is no source`);
  return choose(all, settings, flags, asked);
}

function register(entry: Settings, ids: Map<string, Settings>, context: MigrateContext) {
  const key = entry.at("id") === undefined ? "camera_id" : "id";
  if (entry.at(key) === undefined) entry.refuse("id", "is missing: every camera has an id");
  const id = entry.name(key);
  if (id === undefined) return;
  const first = ids.get(id);
  if (first === undefined) {
    ids.set(id, entry);
    return;
  }
  const { line } = first
    .at(first.at("id") === undefined ? "camera_id" : "id")!
    .source.place(spotAt(first.tree, ["id"]).start);
  refuse(
    context,
    "MIGRATE_VALUE",
    spotAt(entry.tree, [key]),
    [key],
    `Cannot migrate the job as camera id "${id}" stands twice: first on line ${line}`,
    "give each camera an id of its own",
  );
}

function choose(all: readonly Listed[], settings: Settings, flags: Settings, asked: SourceType | undefined): Camera[] {
  const id = flags.text("camera_id");
  if (id !== undefined) {
    const camera = all.find((one) => one.id === id);
    if (camera !== undefined) return [camera];
    flags.refuse("camera_id", `must be one of ${all.map((one) => one.id).join(", ")}`);
    // Their faults are told as well.
    return [...all];
  }
  const enabled = all.filter((camera) => camera.enabled);
  // Where a flag said what to read, the job took one camera for it.
  if (asked !== undefined || flags.at("video") !== undefined) {
    const one = enabled.find(({ own }) => (own ?? "file") === (asked ?? "file")) ?? enabled[0] ?? all[0];
    return one === undefined ? [] : [one];
  }
  if (enabled.length === 0 && all.length > 0) {
    settings.leaveOut("cameras", `none is enabled: as the job did, the first one is taken, "${all[0]!.id}"`);
    return [all[0]!];
  }
  if (enabled.length > 1)
    settings.leaveOut(
      "cameras",
      "the job ran one camera in each process; here each enabled one is a source of the graph",
    );
  return enabled;
}

/** Flags were enough to run without a list. */
function withoutList(settings: Settings, flags: Settings, type: SourceType): Camera[] {
  const said = flags.at("video") ?? flags.at("source_type") ?? settings.at("source.type");
  if (said === undefined) {
    settings.refuse("cameras", "is missing: a job needs a camera, or --video", "list cameras in configs/cameras.yaml");
    return [];
  }
  const none = settings.under("source");
  return [{ id: flags.text("camera_id") ?? "camera", name: undefined, type, source: none, entry: none }];
}
