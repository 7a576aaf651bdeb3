import { type KeptState, packState, type StatePart, sizeOfState, type TakenState } from "../../store/index.ts";
import type { EventTime } from "../event_time/event_time.ts";
import type { NodeRun } from "../node_run.ts";
import { SourceRun } from "../source_run.ts";

/** Something with a state that must survive: a node, or a part of the engine. */
export interface Part extends StatePart {
  /** In words of a message. */
  readonly name: string;
  /** Kept also when the input has ended, and with it what other states stand for. */
  readonly lasts?: boolean;
  snapshot(): unknown;
  restore(state: unknown): void;
}

/** A node or a source as a part. */
export function partOf(producer: NodeRun | SourceRun): Part {
  const { id, plan, instance } = producer;
  const { name: kind, stateVersion: version = 1 } = plan.definition;
  const names = { part: `node ${id}`, name: id, kind, version };
  const taken = () => (producer instanceof SourceRun ? producer.taken : 0);
  return { ...names, snapshot: () => instance.snapshot!(taken()), restore: (state) => instance.restore!(state) };
}

/** How far event time has come. */
export function eventTimePart(time: EventTime): Part {
  return {
    ...{ part: "event_time", name: "event time", kind: "event_time", version: 1 },
    snapshot: () => time.snapshot(),
    restore: (state) => time.restore(state),
  };
}

/**
 * All states of one checkpoint; a graph whose state is larger has keys without bound. It is copied once, so memory has
 * it twice, and an SD card of 20 MB/s writes it in 13 s.
 */
export const MAX_STATE_BYTES = 256 * 1024 * 1024;

/** Why there is no checkpoint, and whose fault that is. */
export class CannotTake extends Error {
  readonly reason: "snapshot_failed" | "too_large" | "not_written";
  readonly part: string;

  constructor(reason: CannotTake["reason"], part: string, message: string) {
    super(message);
    this.reason = reason;
    this.part = part;
  }
}

/** The states of all parts at this moment. Throws a {@link CannotTake}. */
export function takeStates(parts: Iterable<Part>): { states: TakenState[]; bytes: number } {
  const states: TakenState[] = [];
  let bytes = 0;
  for (const { part, name, kind, version, snapshot } of parts) {
    const state = taken(name, snapshot);
    const size = sizeOfState(state);
    bytes += size;
    if (bytes > MAX_STATE_BYTES) {
      const message = `the state of the graph is larger than ${MAX_STATE_BYTES} bytes, of which "${name}" has ${size}: give its node fewer keys, or shorter windows`;
      throw new CannotTake("too_large", name, message);
    }
    states.push({ part, kind, version, state });
  }
  return { states, bytes };
}

function taken(name: string, snapshot: () => unknown) {
  try {
    return packState(snapshot());
  } catch (error) {
    throw new CannotTake("snapshot_failed", name, `cannot take the state of "${name}": ${(error as Error).message}`);
  }
}

/** Gives a state back to its part. Returns why it cannot. */
export function giveBack(part: Part | undefined, kept: KeptState): string | undefined {
  if (part === undefined) return "the graph has no such node with a state any more";
  if (part.kind !== kept.kind) return `it is of a ${kept.kind}, and the node is a ${part.kind} now`;
  if (part.version !== kept.version) {
    return `it is of version ${kept.version}, and this ${part.kind} reads version ${part.version}`;
  }
  if (kept.state === undefined && kept.fault !== undefined) return kept.fault;
  try {
    part.restore(kept.state);
    return undefined;
  } catch (error) {
    return `the node refuses it: ${(error as Error).message}`;
  }
}
