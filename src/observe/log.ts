import type { Logger, LogLevel, LogRecord } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { LogLimiter } from "./log_limit.ts";
import type { Redactor } from "./redact.ts";

/** Values of `--log-level`, least to most; the names are ours, the values LogTape's. */
export const LOG_LEVELS = { off: null, error: "error", warn: "warning", info: "info", debug: "debug" } as const;
export type LogLevelName = keyof typeof LOG_LEVELS;

/** Values of `--log-format`. */
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

type Write = (message: string, fields?: Record<string, unknown>) => void;

/** One place's log. Keep `message` constant and put what varies into `fields`: the limit counts messages. */
export interface Log {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
}

export interface RunLog extends Log {
  /** The log of one node. */
  node(id: string): Log;
  /** Tells what the limit held back; leaves no timer. */
  close(): void;
}

export interface LogOptions {
  level: LogLevelName;
  format: LogFormat;
  clock: Clock;
  redactor: Redactor;
  /** Gets whole lines with their line end; they belong on stderr, stdout is for data. */
  write(line: string): void;
}

/** Longer texts are cut: a log line is for reading, and a payload in it could be megabytes. */
const MAX_TEXT = 4_096;
/** Messages that begin alike this far are one place; whole ones could be megabytes. */
const MAX_KEY = 256;

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Sets up the process's log: structured, secrets hidden, five lines per message and 10 s. */
export function startLog({ level, format, clock, redactor, write }: LogOptions): RunLog {
  const print = (record: LogRecord) => {
    const line = FORMATS[format](tidy(record, redactor));
    // A line end or an escape sequence inside a message could fake a record or move the cursor.
    write(`${line.replace(CONTROL, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`);
  };
  const first = new Map<string, LogRecord>();
  const limiter = new LogLimiter(clock, (place, suppressed) => {
    const record = first.get(place);
    first.delete(place);
    if (record === undefined) return;
    const rawMessage = `suppressed ${suppressed} more in 10 s: ${record.rawMessage}`;
    print({ ...record, timestamp: clock.nowMs(), rawMessage });
  });
  const sink = (record: LogRecord) => {
    const place = `${record.category.join(".")} ${record.level} ${String(record.rawMessage).slice(0, MAX_KEY)}`;
    if (limiter.admits(place)) return print(record);
    if (!first.has(place)) first.set(place, { ...record, properties: {} });
  };
  const lowestLevel = LOG_LEVELS[level];
  let configured: LogTape | undefined;
  const library = () => {
    configured ??= configure(lowestLevel, sink);
    return configured;
  };
  const place = (...category: [string, ...string[]]): Log => {
    let logger: Logger | undefined;
    const at =
      (severity: LogLevel): Write =>
      (message, properties = {}) => {
        if (SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(lowestLevel)) return;
        logger ??= library().getLogger(category);
        // emit() takes the message as it is: braces in a node's message are text, not placeholders.
        logger.emit({ level: severity, message: [message], rawMessage: message, timestamp: clock.nowMs(), properties });
      };
    return { debug: at("debug"), info: at("info"), warn: at("warning"), error: at("error") };
  };
  return { ...place("schnitzel"), node: (id) => place("schnitzel", "node", id), close: () => limiter.close() };
}

type LogTape = typeof import("@logtape/logtape");

/** Most urgent first; behind `null` nothing is logged. */
const SEVERITIES: readonly (LogLevel | null)[] = Object.values(LOG_LEVELS);

function configure(lowestLevel: LogLevel | null, sink: (record: LogRecord) => void): LogTape {
  // Loaded with the first line: a short run logs none, and starts sooner without it.
  const library: LogTape = require("@logtape/logtape");
  library.configureSync({
    reset: true,
    sinks: { stderr: sink },
    loggers: [
      { category: "schnitzel", lowestLevel, sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["stderr"] },
    ],
  });
  return library;
}

interface TidyRecord {
  ts: string;
  level: string;
  node: string | undefined;
  message: string;
  fields: Record<string, unknown>;
}

function tidy(record: LogRecord, redactor: Redactor): TidyRecord {
  const [, , node] = record.category;
  return {
    ts: new Date(record.timestamp).toISOString(),
    level: record.level === "warning" ? "warn" : record.level,
    node,
    message: cut(redactor.text(String(record.rawMessage))),
    fields: redactor.value(record.properties) as Record<string, unknown>,
  };
}

const FORMATS: Record<LogFormat, (record: TidyRecord) => string> = {
  json: ({ fields, ...rest }) =>
    JSON.stringify({ ...rest, ...(Object.keys(fields).length > 0 && { fields }) }, (_, value) =>
      typeof value === "string" ? cut(value) : value,
    ),
  text({ ts, level, node, message, fields }) {
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    const pairs = given.map(([name, value]) => ` ${name}=${fieldText(value)}`);
    return `${ts} ${level.padEnd(5)} ${node === undefined ? "" : `[${node}] `}${message}${pairs.join("")}`;
  },
};

function fieldText(value: unknown): string {
  if (typeof value === "string" && /^[^\s"=]+$/.test(value)) return cut(value);
  return cut(JSON.stringify(value) ?? String(value));
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}… (${text.length - MAX_TEXT} more)`;
}
