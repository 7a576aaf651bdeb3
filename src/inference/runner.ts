import type { TensorData } from "../node/index.ts";
import { joined, split } from "./batch.ts";
import type { FramePlan } from "./frame_plan.ts";
import { boxesOf } from "./post/index.ts";
import type { Geometry } from "./pre/geometry.ts";
import { Preparer } from "./pre/prepare.ts";
import type { Session } from "./session.ts";
import type { Item, Outcome } from "./worker_messages.ts";

type Feeds = Readonly<Record<string, TensorData>>;
type Results = ReadonlyMap<string, TensorData>;

/** An item on its way through the model. */
interface Ready {
  readonly item: Item;
  readonly feeds: Feeds;
  readonly geometry?: Geometry;
  outcome?: Outcome;
}

/** Plans that are kept prepared: a node has one; more than these in one worker means they are made anew each time. */
const MAX_PLANS = 8;

/** Runs items of any kind through one session, in its thread. */
export class Runner {
  readonly #session: Session;
  readonly #preparers = new Map<string, Preparer>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** One outcome per item, in order. Rejects only when the session can do nothing more. */
  async run(items: readonly Item[]): Promise<Outcome[]> {
    const prepared = await Promise.all(items.map((item, place) => this.#ready(item, place)));
    const runnable = prepared.filter((each) => each.outcome === undefined);
    if (runnable.length > 0) await this.#through(runnable);
    return prepared.map(({ outcome }) => outcome!);
  }

  async #ready(item: Item, place: number): Promise<Ready> {
    if ("tensors" in item) return { item, feeds: item.tensors };
    try {
      const { frame, plan } = item;
      const { tensor, geometry } = await this.#preparer(plan).prepare(frame, place);
      return { item, feeds: { [plan.port]: { type: plan.dtype, dims: dimsOf(plan), data: tensor } }, geometry };
    } catch (error) {
      return { item, feeds: {}, outcome: { error: (error as Error).message } };
    }
  }

  #preparer(plan: FramePlan): Preparer {
    const key = JSON.stringify(plan);
    const known = this.#preparers.get(key);
    if (known !== undefined) return known;
    if (this.#preparers.size >= MAX_PLANS) this.#preparers.delete(this.#preparers.keys().next().value!);
    const made = new Preparer(plan);
    this.#preparers.set(key, made);
    return made;
  }

  async #through(ready: readonly Ready[]): Promise<void> {
    const rows = ready.map(({ feeds }) => Object.values(feeds)[0]?.dims[0] ?? 1);
    try {
      const results = await this.#session.run(joined(ready.map(({ feeds }) => feeds)));
      const parts = ready.length === 1 ? [results] : split(results, rows);
      ready.forEach((each, i) => {
        each.outcome = finished(each, parts[i]!);
      });
    } catch (error) {
      if (isFatal(error)) throw error;
      if (ready.length === 1) ready[0]!.outcome = { error: (error as Error).message };
      // One of them spoils it for all: each alone, so that only that one fails.
      else for (const each of ready) await this.#through([each]);
    }
  }
}

const dimsOf = ({ layout, channels, width, height }: FramePlan): number[] => {
  const depth = channels === "gray" ? 1 : 3;
  return layout === "nchw" ? [1, depth, height, width] : [1, height, width, depth];
};

function finished({ item, geometry }: Ready, results: Results): Outcome {
  if ("tensors" in item || item.boxes === undefined) return { tensors: results };
  try {
    // A jpeg has the size its header says only once it is decoded; frames carry the same numbers.
    return { boxes: boxesOf(results, item.boxes, item.plan, geometry!, item.frame) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** The WebAssembly heap is in an unknown state: what ran out of memory there, or crashed, must not run on. */
const isFatal = (error: unknown) =>
  error instanceof WebAssembly.RuntimeError || /^Aborted|out of memory|memory access/i.test(String(error));
