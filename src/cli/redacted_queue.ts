import type { Redactor } from "../observe/index.ts";
import type { Queue } from "../store/index.ts";

/**
 * `queue` itself, but that no secret of the run reaches its file in what is told of a failure: an error may quote an
 * address or a header. The packets stay as they are, since they are delivered again.
 */
export function redactedQueue(queue: Queue, redactor: Redactor): Queue {
  const text = remembering(redactor);
  const own: Pick<Queue, "nack" | "setAside"> = {
    nack: (failures) =>
      queue.nack(failures.map((one) => ({ ...one, reason: text(one.reason), stack: one.stack && text(one.stack) }))),
    setAside: (letters) =>
      queue.setAside(letters.map((one) => ({ ...one, error: text(one.error), stack: text(one.stack) }))),
  };
  const get = (target: Queue, name: string | symbol) => {
    if (Object.hasOwn(own, name)) return Reflect.get(own, name);
    const value = Reflect.get(target, name);
    return typeof value === "function" ? value.bind(target) : value;
  };
  return new Proxy(queue, { get });
}

/** In an outage thousands of packets fail with the same words. */
function remembering({ text }: Redactor): (input: string) => string {
  let known = new Map<string, string>();
  return (input) => {
    const found = known.get(input) ?? text(input);
    if (known.size >= MAX_KNOWN) known = new Map();
    known.set(input, found);
    return found;
  };
}

/** Reasons and stacks of the nodes behind one edge are few. */
const MAX_KNOWN = 16;
