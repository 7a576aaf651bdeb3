/** The thread that hosts all queue files of a process, so that its event loop never waits for a disk. */
import { systemClock } from "../base/clock.ts";
import { openStateFile } from "./checkpoint_file.ts";
import { answerState, type CheckpointHost } from "./checkpoint_host.ts";
import { StoreError } from "./error.ts";
import type { OnEvent } from "./guards.ts";
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
const states = new Map<number, CheckpointHost>();

scope.onmessage = ({ data }) => {
  try {
    scope.postMessage(answer(data));
  } catch (error) {
    scope.postMessage({ call: data.call, what: "error", error: plainError(error) });
  }
};

function answer(call: Call): Reply {
  if (call.what === "open") return open(call);
  if (call.what === "open_state") return openState(call);
  const state = states.get(call.file);
  if (state !== undefined && call.what === "state")
    return { call: call.call, what: "state", ...answerState(state, call.ask) };
  const hosted = files.get(call.file);
  if (call.what === "state" || (hosted === undefined && state === undefined)) {
    throw new StoreError("QUEUE_UNWRITABLE", `no queue file has the number ${call.file} in this thread; open it again`);
  }
  if (call.what === "close") {
    close(call.file);
    return { call: call.call, what: "closed" };
  }
  hosted!.nowMs = call.nowMs;
  const { answers, stats, dueMs } = hosted!.host.round(unpackAsked(call.asked), call.nowMs);
  return { call: call.call, what: "round", round: { ...packAnswers(answers), stats, dueMs } };
}

/** Also before it is opened again, by one whose answer got lost. */
function close(file: number) {
  const hosted = files.get(file);
  files.delete(file);
  hosted?.host.close(hosted.nowMs);
  const state = states.get(file);
  states.delete(file);
  state?.close();
}

function openState({ call, file, path, allowNetworkDisk }: Extract<Call, { what: "open_state" }>): Reply {
  close(file);
  const onEvent = eventsOf(file);
  const host = openStateFile(path, { clock: systemClock, onEvent, allowNetworkDisk });
  states.set(file, host);
  return { call, what: "state_opened", loss: host.loss, fileBytes: host.bytes() };
}

const eventsOf =
  (file: number): OnEvent =>
  (level, message, fields) =>
    scope.postMessage({ what: "event", file, level, message, fields });

function open({ call, file, path, options, nowMs }: Extract<Call, { what: "open" }>): Reply {
  const onEvent = eventsOf(file);
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
