import type { Checkpoint, CheckpointLoss, CheckpointStore, KeptCheckpoint } from "./checkpoint.ts";
import { type CheckpointFileOptions, openStateFile } from "./checkpoint_file.ts";
import { answerState } from "./checkpoint_host.ts";
import type { StateAsk } from "./worker_messages.ts";
import { workerThread } from "./worker_thread.ts";

type Answer = ReturnType<typeof answerState>;
type Ask = (ask: StateAsk) => Promise<Answer> | Answer;

/** Opens a file of checkpoints in the thread of the queue files. */
export async function openCheckpoints(file: string, options: CheckpointFileOptions): Promise<CheckpointStore> {
  const remote = new RemoteFile(file, options);
  try {
    const { loss, fileBytes } = await remote.open();
    return new Client(
      file,
      { loss, fileBytes },
      (ask) => remote.ask(ask),
      () => remote.close(),
    );
  } catch (error) {
    remote.forget();
    throw error;
  }
}

/** A file of checkpoints in the thread that calls it, which waits for the disk: for tests and short commands. */
export function openCheckpointsInline(file: string, options: CheckpointFileOptions): CheckpointStore {
  const host = openStateFile(file, options);
  const start = { loss: host.loss, fileBytes: host.bytes() };
  return new Client(
    file,
    start,
    (ask) => answerState(host, ask),
    () => host.close(),
  );
}

class Client implements CheckpointStore {
  readonly file: string;
  readonly loss: CheckpointLoss;
  readonly #ask: Ask;
  readonly #close: () => Promise<void> | void;
  #fileBytes: number;

  constructor(
    file: string,
    start: { loss: CheckpointLoss; fileBytes: number },
    ask: Ask,
    close: Client["close"] | (() => void),
  ) {
    this.file = file;
    this.loss = start.loss;
    this.#fileBytes = start.fileBytes;
    this.#ask = ask;
    this.#close = close;
  }

  async read(): Promise<KeptCheckpoint | undefined> {
    return (await this.#call({ op: "read" })).kept;
  }

  async commit(checkpoint: Checkpoint): Promise<number> {
    return (await this.#call({ op: "commit", checkpoint })).written;
  }

  async forgetDone() {
    await this.#call({ op: "forget_done" });
  }

  bytes(): number {
    return this.#fileBytes;
  }

  async close() {
    await this.#close();
  }

  async #call(ask: StateAsk): Promise<Answer> {
    const answer = await this.#ask(ask);
    this.#fileBytes = answer.fileBytes;
    return answer;
  }
}

/** The file in the other thread; opened again there when that thread died. */
class RemoteFile {
  readonly #path: string;
  readonly #options: CheckpointFileOptions;
  readonly #file: number;
  #generation = 0;

  constructor(path: string, options: CheckpointFileOptions) {
    this.#path = path;
    this.#options = options;
    // What was asked for is rejected by the thread itself.
    this.#file = workerThread.register({ onEvent: options.onEvent, onDeath: () => {} });
  }

  async open() {
    const { allowNetworkDisk = false } = this.#options;
    const opening = workerThread.call({ what: "open_state", file: this.#file, path: this.#path, allowNetworkDisk });
    const { generation } = workerThread;
    const reply = await opening;
    if (reply.what !== "state_opened") throw new Error(`a state file that is opened answered ${reply.what}`);
    this.#generation = generation;
    return reply;
  }

  async ask(ask: StateAsk): Promise<Answer> {
    if (!workerThread.alive || this.#generation !== workerThread.generation) await this.open();
    const reply = await workerThread.call({ what: "state", file: this.#file, ask }, buffersOf(ask));
    if (reply.what !== "state") throw new Error(`a state file was asked for ${ask.op} and answered ${reply.what}`);
    return reply;
  }

  close() {
    return workerThread.close(this.#file);
  }

  forget() {
    workerThread.forget(this.#file);
  }
}

/** The columns are copies already: they go over without another. */
const buffersOf = (ask: StateAsk): ArrayBuffer[] =>
  ask.op === "commit" ? ask.checkpoint.states.flatMap(({ state }) => state.columns.map(({ buffer }) => buffer)) : [];
