import type { StreamPacket } from "../packet/index.ts";
import type { Try } from "./try.ts";

/** Follows what `process` gave back to its end; undefined when it is done already. */
export function follow(result: unknown, attempt: Try): PromiseLike<unknown> | undefined {
  if (result === undefined) return undefined;
  const value = Object(result);
  if (typeof value.then === "function") return Promise.resolve(result as PromiseLike<unknown>);
  if (Symbol.asyncIterator in value) return pullAll(value as AsyncIterator<StreamPacket>, attempt);
  if (typeof value.next !== "function") throw nonsense(result);
  const iterator = value as Iterator<StreamPacket>;
  try {
    for (let step = iterator.next(); !step.done; step = iterator.next()) attempt.emitDefault(step.value);
  } catch (error) {
    iterator.return?.();
    throw error;
  }
  return undefined;
}

/** A try that is over pulls no further. */
async function pullAll(iterator: AsyncIterator<StreamPacket>, attempt: Try) {
  try {
    for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
      if (attempt.over) return void (await iterator.return?.());
      attempt.emitDefault(step.value);
    }
  } catch (error) {
    await iterator.return?.();
    throw error;
  }
}

function nonsense(result: unknown): TypeError {
  const kind = result === null ? "null" : Array.isArray(result) ? "an array" : typeof result;
  return new TypeError(`process returned ${kind}: return nothing, a promise or an iterator of packets`);
}
