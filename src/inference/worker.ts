/** The thread in which one model runs: running blocks, and the event loop must not. */
import { load } from "./load.ts";
import { Runner } from "./runner.ts";
import { warmUp } from "./warm_up.ts";
import type { EndCall, LoadCall, Loaded, Reply, RunCall } from "./worker_messages.ts";

interface Scope {
  onmessage: (message: { data: LoadCall | RunCall | EndCall }) => void;
  postMessage(message: Reply): void;
  close(): void;
}

const scope = globalThis as unknown as Scope;
let runner: Runner | undefined;

// One call at a time: the main thread sends the next one after the answer.
scope.onmessage = async ({ data }) => {
  const { call } = data;
  if (data.what === "end") return scope.close();
  try {
    if (data.what === "load") scope.postMessage({ call, loaded: await loaded(data) });
    else scope.postMessage({ call, outcomes: await runner!.run(data.items) });
  } catch (thrown) {
    scope.postMessage({ call, error: thrown instanceof Error ? thrown.message : String(thrown) });
  }
};

async function loaded(call: LoadCall): Promise<Loaded> {
  const { session, note } = await load(call);
  await warmUp(session);
  runner = new Runner(session);
  const { backend, inputs, outputs } = session;
  return { backend, inputs, outputs, ...(note === undefined ? {} : { note }) };
}
