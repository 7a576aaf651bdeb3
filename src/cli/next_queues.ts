import type { NamedQueue } from "../control/index.ts";
import { type DurableHost, linkName } from "../engine/index.ts";
import type { GraphPlan, PlanEdge } from "../graph/index.ts";
import type { Spill } from "../node/index.ts";
import type { Queue } from "../store/index.ts";

/** The queues of a plan that may take the place of another. */
export interface NextQueues {
  readonly durable: DurableHost;
  /** Closes those that only the other plan has; `false`: those that only this one has. */
  keep(mine: boolean): Promise<void>;
}

/** What is open, and how more is opened. */
export interface NextFrom {
  /** Changed in place: others look at it. */
  readonly opened: NamedQueue[];
  readonly letters: Queue;
  fileOf(plan: GraphPlan, edge: PlanEdge): string;
  open(name: string, file: string, edge: PlanEdge): Promise<Queue>;
  spills(plan: GraphPlan): ReadonlyMap<number, Spill>;
}

/** Opens what `plan` needs and is not open yet. */
export async function nextQueues(plan: GraphPlan, from: NextFrom): Promise<NextQueues> {
  const { opened, letters } = from;
  const before = [...opened];
  const queues = new Map<number, Queue>();
  const names = new Map<Queue, string>();
  const closeBut = async (kept: readonly NamedQueue[]) => {
    const gone = opened.filter((one) => !kept.some(({ queue }) => queue === one.queue));
    opened.splice(0, opened.length, ...kept);
    await Promise.all(gone.map(({ queue }) => queue.close()));
  };
  try {
    for (const edge of plan.edges.filter(({ durable }) => durable !== undefined)) {
      const [name, file] = [linkName(plan, edge), from.fileOf(plan, edge)];
      const known = opened.find((one) => one.file === file)?.queue;
      const queue = known ?? (await from.open(name, file, edge));
      const owner = names.get(queue);
      if (owner !== undefined) throw shared(name, file, owner);
      queues.set(edge.index, queue);
      names.set(queue, name);
    }
  } catch (error) {
    await closeBut(before);
    throw error;
  }
  // A queue has the name of the edge that it belongs to now.
  const own = () =>
    opened
      .filter(({ queue }) => queue === letters || names.has(queue))
      .map((one) => ({ ...one, name: names.get(one.queue) ?? one.name }));
  const durable = { queues, letters, spills: from.spills(plan) };
  return { durable, keep: (mine) => closeBut(mine ? own() : before) };
}

const shared = (name: string, file: string, owner: string) =>
  new Error(
    `cannot keep ${name} in ${file}: ${owner} has that file, and the rows of one would go to the other; leave path out, then each edge has a file of its own, or name another`,
  );
