import { didYouMean } from "../../base/suggest.ts";
import type { Queue } from "../../store/index.ts";
import { ControlError } from "../verb.ts";

/** A queue as an operator addresses it. */
export interface NamedQueue {
  /** `detect.out->alarms.in` for an edge, {@link DEAD_LETTERS}, or the path of a file that was named. */
  readonly name: string;
  readonly file: string;
  readonly queue: Queue;
}

/** The queue that keeps the dead letters of all nodes. */
export const DEAD_LETTERS = "dead_letters";

/** All queues, or the one of that name. `detect->alarms` will do where it is the only one between the two. */
export function queuesNamed<Named extends { readonly name: string }>(
  queues: readonly Named[],
  name: string | undefined,
): readonly Named[] {
  if (name === undefined) return [...queues].sort(byName);
  const exact = queues.filter((queue) => queue.name === name);
  const found = exact.length > 0 ? exact : queues.filter((queue) => withoutPorts(queue.name) === name);
  if (found.length === 1) return found;
  const names = (found.length > 1 ? found : queues).map((queue) => queue.name);
  const near = found.length > 1 ? undefined : didYouMean(name, [...names, ...names.map(withoutPorts)]);
  const known = names.length === 0 ? "there is none" : `there is ${names.join(", ")}`;
  const problem = found.length > 1 ? `"${name}" names ${found.length} queues` : `there is no queue "${name}"`;
  throw new ControlError("QUEUE_UNKNOWN", `${problem}: ${near === undefined ? known : `did you mean ${near}?`}`);
}

/** Edges first, as there the packets are; the letters of all nodes last. */
const byName = ({ name: a }: { name: string }, { name: b }: { name: string }) =>
  Number(a === DEAD_LETTERS) - Number(b === DEAD_LETTERS) || (a < b ? -1 : 1);

/** The one queue that a verb changes; its name may be left out when there is no other. */
export function oneQueue(queues: readonly NamedQueue[], name: string | undefined): NamedQueue {
  const found = queuesNamed(queues, name);
  if (found.length === 1) return found[0]!;
  const names = queues.map((queue) => queue.name).join(", ");
  throw new ControlError("QUEUE_UNKNOWN", `name one queue: ${names === "" ? "there is none" : `there is ${names}`}`);
}

/** The one queue that a verb looks into; left out, the only edge is meant, as nobody calls the dead letters a second one. */
export function oneLookedInto(queues: readonly NamedQueue[], name: string | undefined): NamedQueue {
  const edges = queues.filter((queue) => queue.name !== DEAD_LETTERS);
  return name === undefined && edges.length === 1 ? edges[0]! : oneQueue(queues, name);
}

const withoutPorts = (name: string) =>
  name
    .split("->")
    .map((end) => end.replace(/\.[^.]*$/, ""))
    .join("->");
