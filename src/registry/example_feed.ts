import type { Emit, Example, ExampleInput, NodeContext, NodeInstance, ProcessResult } from "../node/index.ts";
import type { StreamPacket } from "../packet/index.ts";

/** Calls of `wake` after the end of the input: more come from a node that asks again for ever. */
const MAX_WAKES = 100;

/** Plays an example's input into a node: its packets, the end of its input, and the times it asked to be woken at. */
export class ExampleFeed {
  #wakes = false;

  /** For the node's context. */
  readonly wakeAfter: NodeContext["wakeAfter"] = (delayMs) => {
    this.#wakes = delayMs !== undefined;
  };

  /** `packetOf` fills in what the example leaves out; `emit`'s first port takes what iterators yield. */
  async feed(node: NodeInstance, inputs: readonly string[], emit: Emit, first: string, { input = [] }: Example) {
    const finish = (result: ProcessResult) => toEnd(result, (packet) => emit[first]?.(packet));
    for (const given of input) await finish(node.process(packetOf(given), emit, portOf(given) ?? inputs[0]!));
    await finish(node.advance?.(Number.POSITIVE_INFINITY, emit));
    for (let wakes = 0; this.#wakes && wakes < MAX_WAKES; wakes++) {
      this.#wakes = false;
      await finish(node.wake?.(emit));
    }
  }
}

async function toEnd(result: ProcessResult, take: (packet: StreamPacket) => void) {
  if (!result || !("next" in result)) return await result;
  for (let step = await result.next(); !step.done; step = await result.next()) take(step.value);
}

const portOf = (given: ExampleInput) => (typeof given === "object" && "to" in given ? given.to : undefined);

function packetOf(given: ExampleInput): StreamPacket {
  const { to: _, ...fields } = typeof given === "string" ? { to: "", source_id: given } : { to: "", ...given };
  return deepFreeze({
    packet_id: "00000000-0000-7000-8000-000000000001",
    ts: "2026-01-01T00:00:00.000Z",
    kind: "raw",
    source_id: "example",
    payload: null,
    meta: {},
    ...fields,
  });
}

/** A node that changes what it was given throws on a frozen packet. */
function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}
