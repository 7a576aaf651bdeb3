import type { MigrateContext } from "../context.ts";
import type { Job } from "./job.ts";

const LEVELS: Readonly<Record<string, string>> = {
  ...{ debug: "debug", info: "info", warning: "warn", warn: "warn", error: "error", critical: "error" },
  ...{ fatal: "error", notset: "debug" },
};

/** What is not the graph's business: logs and figures, which `schnitzel run` has flags for. */
export function operations({ settings, flags }: Job, context: MigrateContext) {
  const logging = settings.under("logging");
  const level = logging.text("level");
  if (level !== undefined && LEVELS[level.toLowerCase()] === undefined) {
    logging.refuse("level", `must be one of ${Object.keys(LEVELS).join(", ")}`);
  }
  if (level !== undefined) context.flags.add(`--log-level ${LEVELS[level.toLowerCase()]}`);
  const format = logging.choice("format", ["plain", "json"]);
  if (format !== undefined) context.flags.add(`--log-format ${format === "json" ? "json" : "text"}`);
  logging.leaveOut("level", "schnitzel run --log-level says it");
  logging.leaveOut("format", "schnitzel run --log-format says it");
  for (const key of ["max_bytes", "backup_count"]) {
    logging.integer(key);
    logging.leaveOut(key, "logs go to stderr, which the service manager keeps and rotates");
  }
  figures(settings, context);
  settings.leaveOut("app.timezone", "event times are in UTC");
  flags.integer("max_events", 0);
  flags.leaveOut("max_events", "no flag counts events; --max-packets counts what the sources send");
}

function figures(settings: Job["settings"], { flags }: MigrateContext) {
  const served = ["metrics", "heartbeat"].filter(
    (name) => settings.under(name).boolean("enabled") ?? settings.at(name) !== undefined,
  );
  if (served.length > 0) flags.add("--http 127.0.0.1:7077");
  for (const key of ["enabled", "interval_sec", "fps_window_sec"]) {
    settings.leaveOut(`metrics.${key}`, "schnitzel run --http 127.0.0.1:7077 serves /metrics");
    settings.leaveOut(`heartbeat.${key}`, "schnitzel run --http 127.0.0.1:7077 serves /healthz and /readyz");
  }
}
