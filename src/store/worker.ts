/** The thread that hosts all queue files of a process, so that its event loop never waits for a disk. */
import { systemClock } from "../base/clock.ts";
import { openFile } from "./open_file.ts";
import { fileOptions } from "./open_options.ts";
import { plainError } from "./plain_error.ts";
import { QueueHost } from "./queue_host.ts";
import { packAnswers, unpackAsked } from "./wire.ts";
import type { Call, Event, Reply } from "./worker_messages.ts";

interface Scope {
  onmessage: (message: { data: Call }) => void;
  postMessage(message: Reply | Event): void;
}

interface Hosted {
  host: QueueHost;
  /** The time of the last round: time comes with what is asked, from the clock of the one who asks. */
  nowMs: number;
}

const scope = globalThis as unknown as Scope;
const files = new Map<number, Hosted>();

scope.onmessage = ({ data }) => {
  try {
    scope.postMessage(answer(data));
  } catch (error) {
    scope.postMessage({ call: data.call, what: "error", error: plainError(error) });
  }
};

function answer(call: Call): Reply {
  if (call.what === "open") return open(call);
  const hosted = files.get(call.file);
  if (hosted === undefined) throw new Error(`no queue file has the number ${call.file}`);
  if (call.what === "close") {
    files.delete(call.file);
    hosted.host.close(hosted.nowMs);
    return { call: call.call, what: "closed" };
  }
  hosted.nowMs = call.nowMs;
  const { answers, stats, dueMs } = hosted.host.round(unpackAsked(call.asked), call.nowMs);
  return { call: call.call, what: "round", round: { ...packAnswers(answers), stats, dueMs } };
}

function open({ call, file, path, options, nowMs }: Extract<Call, { what: "open" }>): Reply {
  const onEvent = (level: Event["level"], message: string, fields: Event["fields"]) =>
    scope.postMessage({ what: "event", file, level, message, fields });
  const onCorrupt = (error: Error) => {
    const hosted = files.get(file);
    hosted?.host.replace(error, hosted.nowMs);
  };
  const opened = openFile(path, fileOptions(options, systemClock, onEvent, onCorrupt));
  const host = new QueueHost(path, opened, options, nowMs);
  files.set(file, { host, nowMs });
  return { call, what: "opened", stats: host.stats };
}
