import * as fs from "node:fs";
import type { Clock } from "../base/clock.ts";
import type { SourceTap } from "../engine/index.ts";
import type { GraphPlan } from "../graph/index.ts";
import type { Log, RecordingSnapshot, Redactor } from "../observe/index.ts";
import type { PayloadRef } from "../packet/index.ts";
import { newAppendFile, RECORDING_VERSION, Recorder, type RecordingHeader } from "../record/index.ts";
import type { RecordSettings } from "./record_flags.ts";
import { buildFacts } from "./version.ts";

/** A larger file is not read while packets wait. */
const MAX_REFERRED_BYTES = 64 * 1024 * 1024;

/** The recording of a run. */
export interface RunRecording {
  readonly tap: SourceTap;
  /** For the report. */
  snapshot(): RecordingSnapshot;
  close(): Promise<void>;
}

export interface RecordingOptions {
  readonly settings: RecordSettings;
  readonly plan: GraphPlan;
  readonly seed: number;
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly log: Log;
}

/** Opens the file and writes its header. Rejects when it cannot be made. */
export async function startRecording(options: RecordingOptions): Promise<RunRecording> {
  const { settings, plan, clock, redactor, log } = options;
  const { file, maxBytes, maxSeconds, masks, blobs } = settings;
  const recorder = new Recorder(await newAppendFile(file), {
    clock,
    header: headerOf(options),
    maxBytes,
    maxMs: maxSeconds * 1_000,
    masks: masks.map((mask) => mask.path),
    hide: redactor.text,
    referred: blobs ? readReferred : undefined,
    onEnded(ending, error) {
      const { packets, bytes } = recorder.stats;
      log[error === undefined ? "warn" : "error"]("the recording has ended, and the run goes on", {
        ...{ file, reason: WHY[ending], packets, bytes },
        ...(error === undefined ? {} : { error: error.message }),
      });
    },
  });
  const ports = new Map(plan.nodes.map(({ id, outputs }) => [id, `${id}.${outputs[0]}`]));
  return {
    tap: {
      sent: (node, packet) => recorder.sent(ports.get(node)!, packet),
      ended: (node) => recorder.ended(node),
    },
    snapshot: () => ({ file, ...recorder.stats, ended: recorder.stats.ended ?? null }),
    async close() {
      await recorder.close();
      const unmet = masks.filter((mask) => recorder.unmetMasks.includes(mask.path)).map(({ text }) => text);
      if (unmet.length === 0 || recorder.stats.packets === 0) return;
      log.warn("no packet had what --record-mask names: look whether the recording shows it elsewhere", {
        file,
        unmet,
      });
    },
  };
}

const WHY = {
  max_bytes: "--record-max-bytes is reached",
  max_seconds: "--record-max-seconds are over",
  slow_disk: "the disk takes less than the sources send",
  failed: "the file cannot be written; it holds what came before",
};

function headerOf({ plan, seed, clock, settings, redactor }: RecordingOptions): RecordingHeader {
  const { version, commit } = buildFacts();
  const sources = plan.nodes.filter(({ definition }) => definition.kind === "source");
  return {
    schnitzel_recording: RECORDING_VERSION,
    graph: { name: plan.name, path: redactor.text(plan.path), hash: plan.hash },
    seed,
    version: `${version} (${commit})`,
    started_at: new Date(clock.nowMs()).toISOString(),
    sources: sources.map(({ id, definition, outputs }) => ({ node: id, plugin: definition.name, port: outputs[0]! })),
    masked: settings.masks.map(({ text }) => text),
  };
}

/** Only files: an answer from elsewhere would take time that a recording must not take. */
function readReferred({ scheme, path: file }: PayloadRef): Uint8Array | undefined {
  if ((scheme !== "file" && scheme !== "shm") || file === undefined) return undefined;
  try {
    const stat = fs.statSync(file);
    return stat.isFile() && stat.size <= MAX_REFERRED_BYTES ? fs.readFileSync(file) : undefined;
  } catch {
    return undefined;
  }
}
