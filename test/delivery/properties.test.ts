import { expect, test } from "bun:test";
import { type Random, seededRandom } from "../../src/base/random.ts";
import { type DeliveryOptions, Rejected, Unavailable } from "../../src/node/index.ts";
import { delivering } from "../support/delivery.ts";

const RUNS = 400;
const PACKETS = 40;
/** From here on everything succeeds. */
const HEALED_MS = 120_000;

const pick = <One>(random: Random, ...ones: readonly One[]): One => ones[Math.floor(random.float() * ones.length)]!;

function anyOptions(random: Random): Partial<DeliveryOptions> {
  return {
    timeout_sec: pick(random, 1, 8, 30),
    max_attempts: pick(random, 1, 3, 10),
    give_up_sec: pick(random, undefined, undefined, 5, 60),
    backoff_ms: pick(random, 1, 100, 2_000),
    circuit: pick(random, undefined, { failures: 1 }, { failures: 5 }),
    rate: pick(random, undefined, undefined, { per_sec: 50, burst: 3 }),
  };
}

/** What one try does, drawn anew each time. */
function anyTry(random: Random, weights: readonly string[], sleep: (ms: number) => Promise<void>) {
  const later = async (act: () => void) => {
    await sleep(random.float() * pick(random, 10, 1_000, 40_000));
    act();
  };
  const fail = (error: Error) => {
    throw error;
  };
  const errors: Record<string, () => Error> = {
    unavailable: () => new Unavailable("503", pick(random, {}, {}, { retryAfterMs: random.float() * 100_000 })),
    failed: () => new Error("500"),
    rejected: () => new Rejected("400"),
  };
  const kind = pick(random, ...weights);
  if (kind === "hangs") return new Promise<void>(() => {});
  const error = errors[kind]?.();
  const act = () => (error === undefined ? undefined : fail(error));
  return random.float() < 0.3 ? act() : later(act);
}

async function story(seed: number) {
  const random = seededRandom(seed);
  const options = anyOptions(random);
  const stops = random.float() < 0.3;
  const weights = Array.from({ length: 6 }, () =>
    pick(random, "ok", "ok", "unavailable", "failed", "rejected", "hangs"),
  );
  const tries = new Map<string, { failed: number }>();
  let calledWhileOpen = 0;
  const run = delivering(
    (one, emit) => {
      if (run.metric("delivery_circuit") === 1) calledWhileOpen += 1;
      const tried = tries.get(one.packet_id) ?? { failed: 0 };
      tries.set(one.packet_id, tried);
      emit.out!(one);
      const note = (error?: unknown) => {
        if (error instanceof Error && error.name === "Error") tried.failed += 1;
      };
      if (run.clock.monotonicMs() >= HEALED_MS) return note();
      try {
        const result = anyTry(random, weights, run.sleep);
        if (result === undefined) return note();
        return result.then(note, (error) => {
          note(error);
          throw error;
        });
      } catch (error) {
        note(error);
        throw error;
      }
    },
    options,
    { seed, ports: ["out"] },
  );
  const concurrency = pick(random, 1, 4, 16);
  let sent = 0;
  const worker = async () => {
    while (sent < PACKETS) await run.send(`p${sent++}`);
  };
  for (let at = 0; at < concurrency; at++) void worker();
  if (stops) {
    await run.pass(random.float() * HEALED_MS);
    run.stopping.abort();
    // Each packet that was under way or in front of it, one after the other if need be.
    await run.pass(PACKETS * 33_000);
  } else {
    // All that hang are given up by then, and a slow Retry-After is over.
    await run.pass(HEALED_MS + PACKETS * 100_000);
  }
  return { run, tries, options, calledWhileOpen };
}

test(`${RUNS} runs of anything that can happen outside keep what delivery promises`, async () => {
  const kinds = new Map<string, number>();
  for (let seed = 1; seed <= RUNS; seed++) {
    const { run, tries, options, calledWhileOpen } = await story(seed);
    const ended = Object.entries(run.ended);
    // Every packet ends, once (the second time throws), and whatever happened nothing is left behind.
    expect({ seed, ended: ended.length }).toEqual({ seed, ended: PACKETS });
    expect({ seed, waiting: run.metric("delivery_waiting") }).toEqual({ seed, waiting: 0 });
    expect({ seed, calledWhileOpen }).toEqual({ seed, calledWhileOpen: 0 });
    // A packet that got through has emitted once, any other never.
    const through = ended.filter(([, { error }]) => error === undefined).map(([id]) => id);
    expect({ seed, emitted: run.emitted.map(({ id }) => id).sort() }).toEqual({ seed, emitted: through.sort() });
    for (const [id, { failed }] of tries) {
      const late = run.metric("delivery_late_total")!;
      if (late === 0) expect({ seed, id, over: failed > options.max_attempts! }).toEqual({ seed, id, over: false });
    }
    const counted = (name: string) => run.metric(`delivery_${name}_total`)!;
    expect(counted("tries")).toBe(run.calls.length);
    expect(counted("tries")).toBe(through.length + counted("unavailable") + counted("failed") + counted("rejected"));
    for (const [, { error }] of ended) kinds.set(error?.name ?? "ok", (kinds.get(error?.name ?? "ok") ?? 0) + 1);
    await run.node.close!();
  }
  // The runs did go through all of it.
  for (const kind of ["ok", "Unavailable", "Rejected", "Error"]) expect(kinds.get(kind)!).toBeGreaterThan(300);
}, 60_000);
