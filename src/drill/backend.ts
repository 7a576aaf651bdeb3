import type { Recorder } from "./recorder.ts";

/**
 * How the backend behaves. `unavailable`: 503. `hang`: takes the request and says nothing. `reset`: takes the
 * connection and drops it. `down`: nobody listens.
 */
export const MOODS = ["well", "unavailable", "hang", "reset", "down"] as const;
export type Mood = (typeof MOODS)[number];

/** One packet of a drill is below 64 KiB; more is not from the graph under drill. */
const MAX_BODY_BYTES = 1024 * 1024;

/** Where the graph under drill delivers to. Outside of it, so it remembers what a crash forgets. */
export class Backend {
  readonly #port: number;
  readonly #compare: boolean;
  readonly #recorder: Recorder;
  #mood: Mood = "down";
  #close: () => void = () => {};
  /** Lets go of the requests that hang. */
  #release: () => void = () => {};

  /** `compare`: payloads come as they were sent. */
  constructor(port: number, compare: boolean, recorder: Recorder) {
    this.#port = port;
    this.#compare = compare;
    this.#recorder = recorder;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  get mood(): Mood {
    return this.#mood;
  }

  set mood(mood: Mood) {
    const listens = (of: Mood) => (of === "down" || of === "reset" ? of : "http");
    const before = this.#mood;
    this.#mood = mood;
    // Those that hung are answered by the new mood; the list would grow for ever otherwise.
    this.#release();
    this.#release = () => {};
    if (listens(before) === listens(mood)) return;
    this.#close();
    this.#close = mood === "down" ? () => {} : mood === "reset" ? this.#resets() : this.#serves();
  }

  close() {
    this.mood = "down";
  }

  #serves(): () => void {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: this.#port,
      maxRequestBodySize: MAX_BODY_BYTES,
      idleTimeout: 120,
      fetch: (request) => this.#answer(request),
    });
    return () => void server.stop(true);
  }

  #resets(): () => void {
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: this.#port,
      socket: { open: (socket) => void socket.terminate(), data: () => {} },
    });
    return () => void listener.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    if (this.#mood === "hang") await this.#hang();
    // Invariant: what is not answered with 200 is not in the books, for the graph must bring it again.
    if (this.#mood !== "well") return new Response("not now\n", { status: 503 });
    const text = await request.text();
    this.#recorder.deliver(request.headers.get("idempotency-key") ?? "", parsed(text), this.#compare);
    return new Response(null, { status: 200 });
  }

  #hang(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#release;
      this.#release = () => {
        before();
        resolve();
      };
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
