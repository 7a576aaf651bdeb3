import * as path from "node:path";
import { type MigrateContext, relativeTo } from "../context.ts";
import type { WrittenNode } from "../written.ts";
import { splitAddress } from "./address.ts";
import type { Job } from "./job.ts";

type Made = Pick<WrittenNode, "plugin" | "config" | "runtime">;

/** Statuses after which the job's sender tried again; 4xx it dropped at once. */
const TRIED_AGAIN = [
  500, 501, 502, 503, 504, 505, 507, 508, 509, 510, 511, 520, 521, 522, 523, 524, 525, 526, 527, 530,
];

/** As http_sink has it. */
const MOST_TRIES = 100;

/** Where events go: the first of the file, the dry run, the emitter and the backend that the job was given. */
export function outputOf(job: Job, context: MigrateContext): Made {
  const { flags, settings } = job;
  const file = flags.text("output_jsonl");
  const events = settings.under("events");
  const dry = flags.boolean("dry_run") === true;
  const emitter = events.text("emitter_adapter");
  if (file !== undefined) {
    return {
      plugin: "jsonl_sink",
      config: {
        path: relativeTo(context.targetDir, path.resolve(context.cwd, file)),
        body: "payload",
        spacing: "python",
        flush_ms: 0,
      },
    };
  }
  if (dry) return PRINTED;
  if (emitter !== undefined) {
    events.leaveOut(
      "emitter_adapter",
      `${emitter} has no counterpart: events go to events.jsonl; a plugin sink can take its place`,
    );
    return { plugin: "jsonl_sink", config: { path: "events.jsonl", body: "payload" } };
  }
  const url = events.text("post_url");
  if (url === undefined) return PRINTED;
  if (/^https?:\/\/[^/?#]/i.test(url) && URL.canParse(url)) return toBackend(job);
  events.leaveOut("post_url", "it is no http address: as in the job, events are printed");
  return PRINTED;
}

const PRINTED: Made = { plugin: "print_sink", config: { format: "payload" } };

function toBackend({ settings }: Job): Made {
  const events = settings.under("events");
  const retry = events.under("retry");
  const backoff_ms = Math.round((retry.number("backoff_sec", 0, 3_600) ?? 1) * 1_000);
  const tries = retry.integer("max_attempts", 1) ?? 5;
  if (tries > MOST_TRIES) retry.leaveOut("max_attempts", `it is ${MOST_TRIES} at most`);
  const timeout_ms = Math.max(1, Math.round((events.number("timeout_sec", 0, 600) ?? 3) * 1_000));
  const { url, basic } = splitAddress(events.written("post_url")!);
  if (basic !== undefined && !basic.password.includes("${")) {
    const reason = "its user and password stand in the graph, in auth: a variable in their place keeps them out of it";
    events.leaveOut("post_url", reason);
  }
  events.leaveOut(
    "post_url",
    "what is not delivered is given up, as before; runtime.delivery, or durable: true on the edges to it, keeps it",
  );
  return {
    plugin: "http_sink",
    config: {
      ...(basic === undefined ? { url } : { url, auth: { basic } }),
      ...{ timeout_ms, spacing: "python", idempotency_header: "" },
      // The same wait each time.
      retry: {
        max_attempts: Math.min(MOST_TRIES, tries),
        backoff_ms,
        backoff_max_ms: backoff_ms,
        on_status: TRIED_AGAIN,
        on_fail: "pass_over",
      },
    },
    runtime: { inbox: { capacity: 256, overflow: "drop_newest" } },
  };
}
