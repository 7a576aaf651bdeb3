import type { Host } from "../engine/index.ts";

/** Counts what a run waits for outside of its own time: an answer, a model, a disk. While there is some, time stands still. */
export class Outside {
  /** Calls that have not come back. */
  pending = 0;
  /** Calls that began or came back, ever: whoever sees it change knows that something happened. */
  events = 0;

  watch<Result>(promise: Promise<Result>): Promise<Result> {
    this.pending += 1;
    this.events += 1;
    const done = () => {
      this.pending -= 1;
      this.events += 1;
    };
    promise.then(done, done);
    return promise;
  }

  /** `target` whose methods are watched where they give a promise. What they resolve with is given to `wrap`. */
  methods<Target extends object>(target: Target, wrap: (result: unknown) => unknown = (result) => result): Target {
    const get = (_: Target, name: string | symbol) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => {
        const result: unknown = Reflect.apply(value, target, given);
        return result instanceof Promise ? this.watch(result.then(wrap)) : result;
      };
    };
    return new Proxy({} as Target, { get, has: (_, name) => Reflect.has(target, name) });
  }
}

/** `host` whose nodes' waiting is seen. Queues are not watched: who waits for a row waits for the graph itself. */
export function watchedHost(host: Host, outside: Outside): Host {
  const { fetch, resolve, exchange, ffmpeg, inference, files, blobs } = host;
  const watch =
    <Given extends unknown[], Result>(call: (...given: Given) => Promise<Result>) =>
    (...given: Given) =>
      outside.watch(call(...given));
  const model = (opened: unknown) => outside.methods(opened as object);
  return {
    ...host,
    // Its `preconnect` is left out, as no node has a use for it.
    fetch: watch((...given: Parameters<typeof fetch>) => withBody(fetch(...given), outside)) as typeof fetch,
    resolve: watch(resolve),
    exchange: watch(exchange),
    ffmpeg: watch(ffmpeg),
    inference: outside.methods(inference, model),
    files: outside.methods(files),
    ...(blobs === undefined ? {} : { blobs: outside.methods(blobs) }),
  };
}

/** An answer is there when its head is; its body is waited for, too. */
async function withBody(answer: Promise<Response>, outside: Outside): Promise<Response> {
  return outside.methods(await answer);
}
