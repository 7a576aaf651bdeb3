/** The thread that hosts all queue files of a process, so that its event loop never waits for a disk. */
import { systemClock } from "../base/clock.ts";
import { StoreError } from "./error.ts";
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
  if (hosted === undefined) {
    throw new StoreError("QUEUE_UNWRITABLE", `no queue file has the number ${call.file} in this thread; open it again`);
  }
  if (call.what === "close") {
    close(call.file);
    return { call: call.call, what: "closed" };
  }
  hosted.nowMs = call.nowMs;
  const { answers, stats, dueMs } = hosted.host.round(unpackAsked(call.asked), call.nowMs);
  return { call: call.call, what: "round", round: { ...packAnswers(answers), stats, dueMs } };
}

/** Also before it is opened again, by one whose answer got lost. */
function close(file: number) {
  const hosted = files.get(file);
  files.delete(file);
  hosted?.host.close(hosted.nowMs);
}

function open({ call, file, path, options, nowMs }: Extract<Call, { what: "open" }>): Reply {
  const onEvent = (level: Event["level"], message: string, fields: Event["fields"]) =>
    scope.postMessage({ what: "event", file, level, message, fields });
  const onCorrupt = (error: Error) => {
    const hosted = files.get(file);
    hosted?.host.replace(error, hosted.nowMs);
  };
  close(file);
  const opened = openFile(path, fileOptions(options, systemClock, onEvent, onCorrupt));
  try {
    const host = new QueueHost(path, opened, options, nowMs);
    files.set(file, { host, nowMs });
  } catch (error) {
    // Left open it would be locked against the next try.
    opened.guards.close();
    throw error;
  }
  const { host } = files.get(file)!;
  return { call, what: "opened", stats: host.stats };
}
