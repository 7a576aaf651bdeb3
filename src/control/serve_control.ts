import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import type { Clock } from "../base/clock.ts";
import { controlOwner } from "./call_control.ts";
import { LineCutter } from "./lines.ts";
import { addressOf, hasFile } from "./socket_address.ts";
import { answerOf, ControlError, type Verbs } from "./verb.ts";

export interface ControlOptions {
  /** Where the socket is made, mode 0600; its folder is made with 0700. */
  path: string;
  verbs: Verbs;
  clock: Clock;
  /** Told of faults that are ours, not those of whoever asked. */
  onError(error: Error): void;
}

export interface ControlServer {
  /** Breaks off what is under way and takes the socket away. */
  close(): Promise<void>;
}

/** Commands that ask at once; each holds a connection and perhaps a request of megabytes. */
const MAX_CLIENTS = 16;
/** A request is there in milliseconds; whoever sends none must not hold a place. */
const REQUEST_MS = 10_000;

/**
 * Answers on a local socket: one line of JSON `{verb, args}` per connection, and back, each a line, a greeting
 * `{hello: {pid}}`, items `{item}` if the verb sends any, and `{ok: true, result}` or `{error: {code, message}}`.
 * Who closes the connection calls the verb off.
 *
 * Only the user that runs the process can open the socket, so whoever asks may do what that user may.
 */
export async function serveControl(options: ControlOptions): Promise<ControlServer> {
  const clients = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    clients.add(socket);
    socket.once("close", () => clients.delete(socket));
    new Client(socket, options, clients.size > MAX_CLIENTS).answer();
  });
  await listen(server, options);
  server.on("error", options.onError);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of clients) socket.destroy();
      await closed;
      takeAway(options.path);
    },
  };
}

/** On a disk that turned read-only it stays; the next run sees that nobody listens there, and replaces it. */
function takeAway(file: string) {
  try {
    if (hasFile()) fs.rmSync(file, { force: true });
  } catch {
    // The disk has been told of, by the queues that lie on it.
  }
}

async function listen(server: net.Server, { path: file, clock }: ControlOptions) {
  if (hasFile()) fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  await makeRoom(file, clock);
  // Not chmod afterwards: others could come in before that, where the folder was there already and is open to them.
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(addressOf(file), () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    const reason = (error as Error).message;
    const hint = "name a state directory that is shorter and on a disk of this machine, with --state-dir";
    throw new ControlError("CONTROL_SOCKET", `cannot make the control socket ${file}: ${reason}; ${hint}`);
  } finally {
    process.umask(umask);
  }
}

/** A socket whose process is gone is taken away. Of two that start at once the locks of their queue files decide. */
async function makeRoom(file: string, clock: Clock) {
  const pid = await controlOwner(file, clock);
  if (pid !== undefined) {
    const hint = "a state directory belongs to one run at a time; stop that one, or name another with --state-dir";
    throw new ControlError("CONTROL_TAKEN", `cannot listen at ${file}: process ${pid} does; ${hint}`);
  }
  if (!hasFile()) return;
  const found = fs.lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new ControlError("CONTROL_SOCKET", `cannot listen at ${file}: it is no socket; move it away`);
  }
  fs.rmSync(file, { force: true });
}

/** One connection: a request, its answer, the end. */
class Client {
  readonly #socket: net.Socket;
  readonly #options: ControlOptions;
  readonly #crowded: boolean;
  readonly #gone = new AbortController();

  constructor(socket: net.Socket, options: ControlOptions, crowded: boolean) {
    this.#socket = socket;
    this.#options = options;
    this.#crowded = crowded;
    socket.once("close", () => this.#gone.abort());
    // What breaks a connection ends in "close"; nobody is left to tell.
    socket.on("error", () => {});
  }

  async answer() {
    try {
      const request = this.#request();
      // Whoever goes before the greeting is written leaves a request that nobody awaits, and that would end the run.
      request.catch(() => {});
      await this.#write({ hello: { pid: process.pid } });
      const result = await this.#carryOut(await request);
      await this.#write({ ok: true, result: result ?? null });
    } catch (error) {
      const answer = answerOf(error);
      if (answer.code === "CONTROL_FAILED") this.#options.onError(error as Error);
      await this.#write({ error: answer }).catch(() => {});
    }
    this.#socket.end();
  }

  /** The first line. What follows is read and thrown away, as an end that is not read is not noticed. */
  #request(): Promise<string> {
    const cutter = new LineCutter();
    return new Promise((resolve, reject) => {
      const late = this.#options.clock.setTimer(() => this.#socket.destroy(), REQUEST_MS);
      const settle = (tell: () => void) => {
        late();
        this.#socket.off("data", read).resume();
        tell();
      };
      const read = (chunk: Uint8Array) => {
        try {
          const [line] = cutter.cut(chunk);
          if (line !== undefined) settle(() => resolve(line));
        } catch (error) {
          settle(() => reject(new ControlError("CONTROL_REQUEST", (error as Error).message)));
        }
      };
      this.#socket.on("data", read);
      this.#gone.signal.addEventListener("abort", () => settle(() => reject(gone())), { once: true });
    });
  }

  #carryOut(line: string): unknown {
    if (this.#crowded) {
      throw new ControlError("CONTROL_CROWDED", `${MAX_CLIENTS} others ask this process at once; try again`);
    }
    const { verb, args } = readRequest(line);
    const carryOut = Object.hasOwn(this.#options.verbs, verb) ? this.#options.verbs[verb] : undefined;
    if (carryOut === undefined) {
      const known = Object.keys(this.#options.verbs).join(", ");
      throw new ControlError("CONTROL_REQUEST", `this process knows no verb "${verb}"; it knows ${known}`);
    }
    return carryOut(args, { signal: this.#gone.signal, send: (item) => this.#write({ item }) });
  }

  /** Resolves when the other side keeps up. */
  #write(value: unknown): Promise<void> {
    const { signal } = this.#gone;
    if (signal.aborted || this.#socket.destroyed) return Promise.reject(gone());
    if (this.#socket.write(`${JSON.stringify(value)}\n`)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const broken = () => {
        this.#socket.off("drain", drained);
        reject(gone());
      };
      const drained = () => {
        signal.removeEventListener("abort", broken);
        resolve();
      };
      this.#socket.once("drain", drained);
      signal.addEventListener("abort", broken, { once: true });
    });
  }
}

const gone = () => new ControlError("CONTROL_GONE", "whoever asked has gone");

function readRequest(line: string): { verb: string; args: unknown } {
  let request: { verb?: unknown; args?: unknown } | null | undefined;
  try {
    request = JSON.parse(line);
  } catch {
    request = undefined;
  }
  if (typeof request?.verb === "string") return { verb: request.verb, args: request.args };
  throw new ControlError("CONTROL_REQUEST", 'a request is one line of JSON such as {"verb":"status","args":{}}');
}
