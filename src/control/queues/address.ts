import { didYouMean } from "../../base/suggest.ts";
import type { DeadEntry, DeadRow, Queue } from "../../store/index.ts";
import { ControlError } from "../verb.ts";
import { inSteps, STEP } from "./gather.ts";

/** An input of a node, where a dead letter is delivered. */
export interface Address {
  node: string;
  port: string;
}

/**
 * Refuses letters of inputs that the graph does not have, before any is touched. With `to` all of them go there, which
 * must be an input: `node`, or `node.port` where it has several.
 */
export function checkAddresses(
  letters: ReadonlyMap<string, number>,
  to: string | undefined,
  inputs: ReadonlyMap<string, readonly string[]> | undefined,
): Address | undefined {
  if (to !== undefined) return addressOf(to, inputs);
  if (inputs === undefined) return undefined;
  const known = new Set([...inputs].flatMap(([node, ports]) => ports.map((port) => `${node}.${port}`)));
  const gone = [...letters].filter(([address]) => !known.has(address));
  if (gone.length === 0) return undefined;
  const total = gone.reduce((sum, [, count]) => sum + count, 0);
  const where = gone.map(([address, count]) => `${address} (${count})`).join(", ");
  throw new ControlError(
    "QUEUE_NODE_GONE",
    `cannot replay ${total} dead letter${total === 1 ? "" : "s"}, as the graph has no such input any more: ${where}; send them elsewhere with --to NODE, or choose others with --node`,
  );
}

function addressOf(to: string, inputs: ReadonlyMap<string, readonly string[]> | undefined): Address {
  const dot = to.lastIndexOf(".");
  const exact = inputs?.has(to) || dot === -1;
  const [node, port] = exact ? [to, undefined] : [to.slice(0, dot), to.slice(dot + 1)];
  if (inputs === undefined) return { node, port: port ?? "in" };
  const ports = inputs.get(node) ?? [];
  if (port === undefined && ports.length === 1) return { node, port: ports[0]! };
  if (port !== undefined && ports.includes(port)) return { node, port };
  const all = [...inputs].flatMap(([name, own]) => own.map((input) => (own.length === 1 ? name : `${name}.${input}`)));
  const near = didYouMean(to, all);
  const hint = near === undefined ? `it has ${all.join(", ") || "none"}` : `did you mean ${near}?`;
  throw new ControlError("QUEUE_NODE_GONE", `cannot replay to ${to}: the graph has no such input; ${hint}`);
}

/**
 * Sends letters to another input. A letter goes only when its successor is on the disk; one whose successor is refused,
 * as that input had the packet already, stays.
 */
export async function readdress(queue: Queue, seqs: readonly number[], address: Address, signal: AbortSignal) {
  const predecessors = new Map<string, number>();
  await inSteps(seqs, signal, async (step) => {
    const letters = await lettersOf(queue, step);
    const successors = letters.map((letter) => successorOf(letter, address));
    await queue.setAside(successors);
    for (const [at, { key }] of successors.entries()) predecessors.set(key, letters[at]!.seq);
    return step.length;
  });
  const found: { key: string; seq: number }[] = [];
  for (let after = 0; ; ) {
    const rows = await queue.dead(after, STEP);
    if (rows.length === 0) break;
    found.push(...rows.filter(({ key }) => predecessors.has(key)));
    after = rows.at(-1)!.seq;
  }
  const own = new Set(found.map(({ seq }) => seq));
  // A letter that had the address already is its own successor.
  const gone = found.map(({ key }) => predecessors.get(key)!).filter((seq) => !own.has(seq));
  await inSteps(gone, signal, (step) => queue.purge("dead", step));
  return inSteps([...own], signal, (step) => queue.revive(step));
}

async function lettersOf(queue: Queue, seqs: readonly number[]): Promise<DeadRow[]> {
  const letters: DeadRow[] = [];
  for (const seq of seqs) {
    const [row] = await queue.dead(seq - 1, 1);
    if (row?.seq === seq) letters.push(row);
  }
  return letters;
}

/** Partition and key say where a letter belongs, as the run that wrote it had them. */
function successorOf(letter: DeadRow, { node, port }: Address): DeadEntry {
  const partition = `${node}.${port}`;
  return { ...letter, node, port, partition, key: `${letter.packet_id}@${partition}` };
}
