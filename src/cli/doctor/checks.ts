import type { Machine } from "./machine.ts";

export interface Check {
  name: string;
  /** A fault stops something from working; a warning is for a person to judge. */
  status: "ok" | "warning" | "fault";
  detail: string;
  hint?: string;
}

/** 100 MiB: a log, a report and a database's journal fit no more. */
const LITTLE_BYTES = 100 * 1024 * 1024;
/** 1 GiB: an hour of a small camera. */
const SCARCE_BYTES = 1024 * 1024 * 1024;
/** Each file source, sink, connection and worker takes a few. */
const FEW_FILES = 256;
const SCARCE_FILES = 1_024;
/** A machine without a battery for its clock starts in 1970 or when its firmware was made. */
const DAY_MS = 24 * 60 * 60 * 1_000;

/** Judges a machine. `madeAt` is when the program was made, as an ISO time; null when it was not built. */
export function machineChecks(machine: Machine, madeAt: string | null): Check[] {
  const { platform, arch, libc, terminals } = machine;
  return [
    ok("system", [platform, arch, libc].filter(Boolean).join(" ")),
    ...folderChecks(machine),
    diskCheck("disk_state", machine.paths.state, machine),
    diskCheck("disk_tmp", machine.tmp, machine),
    filesCheck(machine.openFiles),
    clockCheck(machine.nowMs, madeAt),
    ok("terminal", terminals.length === 0 ? "none; progress is not shown" : terminals.join(", ")),
    ...envChecks(machine.env),
  ];
}

const ok = (name: string, detail: string): Check => ({ name, status: "ok", detail });

function folderChecks({ paths, tmp, canWrite }: Machine): Check[] {
  const folder = (name: string, at: string): Check => {
    if (canWrite(at)) return ok(name, at);
    const hint = `make it writable for this user, or set ${name === "tmp_dir" ? "TMPDIR" : "XDG_STATE_HOME"}`;
    return { name, status: "fault", detail: `${at} cannot be written`, hint };
  };
  // Settings are only read, and models by most.
  return [
    ok("config_dir", paths.config),
    folder("state_dir", paths.state),
    folder("log_dir", paths.logs),
    folder("tmp_dir", tmp),
    ok("models_dir", paths.models),
  ];
}

function diskCheck(name: string, folder: string, { freeBytes }: Machine): Check {
  const free = freeBytes(folder);
  if (free === undefined) return ok(name, `${folder}: the system does not say`);
  const detail = `${folder}: ${sizeText(free)} free`;
  if (free >= SCARCE_BYTES) return ok(name, detail);
  return { name, status: free < LITTLE_BYTES ? "fault" : "warning", detail, hint: "make room" };
}

const sizeText = (bytes: number) =>
  bytes >= SCARCE_BYTES ? `${(bytes / SCARCE_BYTES).toFixed(1)} GiB` : `${Math.floor(bytes / 1024 / 1024)} MiB`;

function filesCheck(limit: number | undefined): Check {
  if (limit === undefined) return ok("open_files", "no limit");
  if (limit >= SCARCE_FILES) return ok("open_files", `${limit} at once`);
  const hint = `raise it: ulimit -n ${SCARCE_FILES * 4}, or LimitNOFILE= of the service`;
  return { name: "open_files", status: limit < FEW_FILES ? "fault" : "warning", detail: `${limit} at once`, hint };
}

function clockCheck(nowMs: number, madeAt: string | null): Check {
  const now = new Date(nowMs).toISOString();
  const earliest = Date.parse(madeAt ?? "2026-01-01T00:00:00Z") - DAY_MS;
  if (nowMs >= earliest) return ok("clock", now);
  const detail = `${now} is before this program was made`;
  return { name: "clock", status: "fault", detail, hint: "set the clock; packets would carry that time" };
}

/** Variables that change what runs, and why a person should know. */
const ENV: Readonly<Record<string, { when?: RegExp; why: string }>> = {
  ALLOW_ALL_PLUGINS: { when: /^\s*(1|true|yes)\s*$/i, why: "every plugin without a lock runs; for development only" },
  ALLOWED_PLUGIN_PREFIXES: { when: /\S/, why: "plugins with these names run without a lock; for development only" },
  BUN_OPTIONS: { why: "Bun obeys it when this program starts, and it can make it run other code" },
  NODE_TLS_REJECT_UNAUTHORIZED: { when: /^0$/, why: "certificates of servers are not checked" },
};

function envChecks(env: Machine["env"]): Check[] {
  return Object.entries(ENV).flatMap(([variable, { when = /(?:)/, why }]): Check[] => {
    const value = env[variable];
    if (value === undefined || !when.test(value)) return [];
    return [
      { name: "environment", status: "warning", detail: `${variable} is set: ${why}`, hint: `unset ${variable}` },
    ];
  });
}
