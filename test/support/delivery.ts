import { sleep } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { deliver } from "../../src/delivery/index.ts";
import type { DeliveryOptions, Emit, NodeInstance, ProcessResult } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { virtualClock } from "./clock.ts";
import { packet } from "./node.ts";

export const DELIVERY_DEFAULTS: DeliveryOptions = {
  timeout_sec: 30,
  max_attempts: 3,
  give_up_sec: undefined,
  backoff_ms: 100,
  backoff_max_ms: 5_000,
  circuit: { failures: 5 },
  rate: undefined,
};

/** Lets every promise that can settle do so: none of ours is more than a few steps behind another. */
async function settled() {
  for (let turns = 0; turns < 12; turns++) await Promise.resolve();
}

type Process = (one: StreamPacket, emit: Emit, input: string) => unknown;

/** A node with a delivery policy, on a virtual clock, and how each of its packets ended. */
export function delivering(
  process: Process,
  options: Partial<DeliveryOptions> = {},
  { seed = 1, ports = [] as string[], rest = {} as Partial<NodeInstance> } = {},
) {
  const clock = virtualClock();
  const stopping = new AbortController();
  /** Calls begun and packets ended. */
  let events = 0;
  const logged: { level: string; message: string; fields: Record<string, unknown> | undefined }[] = [];
  const log = (level: string) => (message: string, fields?: Record<string, unknown>) =>
    void logged.push({ level, message, fields });
  const calls: { id: string; atMs: number }[] = [];
  const ended: Record<string, { error: Error | undefined; atMs: number }> = {};
  const emitted: { port: string; id: string }[] = [];
  const emit = Object.fromEntries(
    ports.map((port) => [port, (one: StreamPacket) => void emitted.push({ port, id: one.packet_id })]),
  );
  const node = deliver(
    {
      process(one, to, input) {
        events += 1;
        calls.push({ id: one.packet_id, atMs: clock.monotonicMs() });
        return process(one, to, input) as ProcessResult;
      },
      ...rest,
    },
    { ...DELIVERY_DEFAULTS, ...options },
    {
      clock,
      random: seededRandom(seed),
      log: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
      stopping: stopping.signal,
      outcome: () => undefined,
    },
  );
  /** Until nothing happens any more without time passing. */
  const quiet = async () => {
    for (let before = -1; before !== events; ) {
      before = events;
      await settled();
    }
  };
  const put = (id: string, error?: unknown) => {
    events += 1;
    if (id in ended) throw new Error(`packet ${id} ended twice`);
    ended[id] = { error: error as Error | undefined, atMs: clock.monotonicMs() };
  };
  return {
    node,
    clock,
    stopping,
    logged,
    calls,
    ended,
    emitted,
    /** Hands a packet in, as the engine does. */
    send(id: string, fields: Partial<StreamPacket> = {}): Promise<void> {
      let result: void | Promise<void>;
      try {
        result = node.process(packet({ packet_id: id, ...fields }), emit, "in") as void | Promise<void>;
      } catch (error) {
        return Promise.resolve(put(id, error));
      }
      if (result === undefined) return Promise.resolve(put(id));
      return result.then(
        () => put(id),
        (error: unknown) => put(id, error),
      );
    },
    /** Moves time from timer to timer, letting promises settle in between. */
    async pass(ms: number) {
      await quiet();
      const endMs = clock.monotonicMs() + ms;
      for (let next = clock.nextInMs; next !== undefined; next = clock.nextInMs) {
        if (clock.monotonicMs() + next > endMs) break;
        clock.advance(next);
        await quiet();
      }
      clock.advance(Math.max(0, endMs - clock.monotonicMs()));
      await quiet();
    },
    metric: (name: string) => node.metrics!()[name],
    sleep: (ms: number) => sleep(clock, ms),
  };
}
