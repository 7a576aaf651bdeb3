import type { Chance } from "../chance.ts";

/** What stands in a branch: a node that keeps nothing, one that counts, or one of the program's own. */
export const KINDS = ["plain", "tally", "window_aggregate", "batch", "debounce", "stream_join"] as const;
export type Kind = (typeof KINDS)[number];

/** A node that passes everything on. `later`: by a promise. */
export interface Pass {
  readonly id: string;
  readonly later: boolean;
}

/** Where nodes may be put in, in the order of a packet's way: around the first durable edge, and within a branch. */
export const PLACES = ["before", "behind"] as const;
export const BRANCH_PLACES = ["head", "tail", "last"] as const;

/** `… -> head -> the node -> tail => last -> sink` */
export interface Branch {
  readonly id: string;
  readonly kind: Kind;
  present: boolean;
  /** The edge behind `tail` is durable. */
  durable: boolean;
  /** Its sink reaches outside; only behind a durable edge, as a failure would have the facts counted again. */
  readonly slow: boolean;
  /** A plain node takes its time, so that packets wait before it. */
  readonly later: boolean;
  /** Another port makes another node of it, of the same kind and with the same state. */
  spare: boolean;
  spareSink: boolean;
  /** `stateVersion` of the node. */
  version: number;
  option: number;
  passes: Record<(typeof BRANCH_PLACES)[number], Pass[]>;
}

/** A graph as somebody writes it: `source -> before => behind -> hub -> each branch`. */
export interface Yard {
  intervalMs: number;
  capacity: number;
  maxAttempts: number;
  passes: Record<(typeof PLACES)[number], Pass[]>;
  branches: Branch[];
  /** A node that does not come up. */
  bad?: "create" | "open" | "restore" | undefined;
}

const INTERVALS_MS = [20, 200, 2_000, 20_000];
/** Outcomes are asked for again after so many crashes and stops; more is a fault of the program. */
const ATTEMPTS = 60;

export function randomYard(chance: Chance): Yard {
  const kinds = Array.from({ length: chance.int(1, 3) }, () => chance.one(KINDS));
  const yard: Yard = {
    intervalMs: chance.one(INTERVALS_MS),
    capacity: chance.one([1, 4, 256]),
    maxAttempts: ATTEMPTS,
    passes: { before: [], behind: [] },
    branches: kinds.map((kind, at) => {
      const durable = chance.maybe(0.7);
      return {
        ...{ id: `b${at}`, kind, present: true, durable, slow: durable && chance.maybe(0.6) },
        later: kinds.every((one) => one === "plain" || one === "debounce") && chance.maybe(0.7),
        ...{ spare: false, spareSink: false, version: 1, option: 0 },
        passes: { head: [], tail: [], last: [] },
      };
    }),
  };
  for (let more = chance.int(0, 4); more > 0; more--) putIn(yard, chance);
  return yard;
}

/** One change of a graph, and what is to come of it. */
export interface Change {
  readonly what: string;
  readonly yard: Yard;
  /** It may not become the graph that runs. */
  readonly mustFail?: boolean;
  /** A program that starts with it runs. */
  readonly starts: boolean;
  readonly allowed: { readonly dropState?: boolean; readonly orphan?: boolean };
}

type Edit = (yard: Yard, chance: Chance) => Omit<Change, "what" | "yard" | "starts" | "allowed"> & Partial<Change>;

const present = ({ branches }: Yard) => branches.filter((one) => one.present);
const FINE = {};

/** A window in which packets may overtake each other has another result each time: its packets go by nodes that do not wait. */
const waits = ({ branches }: Yard) => branches.every(({ kind }) => kind !== "window_aggregate");

function places(yard: Yard): Pass[][] {
  return [...Object.values(yard.passes), ...present(yard).flatMap(({ passes }) => Object.values(passes))];
}

function putIn(yard: Yard, chance: Chance) {
  // One before a durable edge gives that another name.
  const place = chance.maybe(0.4) ? yard.passes.before : chance.one(places(yard));
  place.splice(chance.int(0, place.length), 0, {
    id: `x${chance.int(0, 1e9)}`,
    later: waits(yard) && chance.maybe(0.5),
  });
}

/** Another version of the node, which reads no state of the one before. */
function anew(one: Branch) {
  one.version += 1;
  one.spare = !one.spare;
}

/** Everything that somebody may do to a graph. */
const EDITS: Readonly<Record<string, Edit>> = {
  "a node is put in": (yard, chance) => {
    putIn(yard, chance);
    return FINE;
  },
  "a node is taken out": (yard, chance) => {
    const place = chance.one(places(yard).filter(({ length }) => length > 0)) ?? [];
    place.splice(chance.int(0, place.length - 1), 1);
    return FINE;
  },
  "a node is replaced": (yard, chance) => {
    const one = chance.one(present(yard));
    one.spare = !one.spare;
    return FINE;
  },
  "a node gets other options": (yard, chance) => {
    const one = chance.one(present(yard));
    one.option = (one.option + 1) % 3;
    return FINE;
  },
  "a sink is replaced": (yard, chance) => {
    const one = chance.one(present(yard));
    one.spareSink = !one.spareSink;
    return FINE;
  },
  "several nodes change": (yard, chance) => {
    for (const one of present(yard)) one.spare = chance.maybe(0.5);
    putIn(yard, chance);
    EDITS["a node is taken out"]!(yard, chance);
    return FINE;
  },
  "runtime and checkpoints change": (yard, chance) => {
    yard.capacity = chance.one([1, 4, 256]);
    if (chance.maybe(0.5)) yard.intervalMs = chance.one(INTERVALS_MS);
    return FINE;
  },
  "a durable edge is put in, or taken out": (yard, chance) => {
    const one = chance.one(present(yard));
    if (!one.slow) one.durable = !one.durable;
    return FINE;
  },
  "a branch is taken out, or put back": (yard, chance) => {
    const one = chance.one(yard.branches);
    if (!one.present || present(yard).length > 1) one.present = !one.present;
    return { allowed: { dropState: true, orphan: true } };
  },
  "a state is dropped": (yard, chance) => {
    anew(chance.one(present(yard)));
    return { allowed: { dropState: true } };
  },
  "a state would be dropped": (yard, chance) => {
    const stateful = present(yard).filter(({ kind }) => kind !== "plain");
    if (stateful.length === 0) return FINE;
    anew(chance.one(stateful));
    return { mustFail: true };
  },
  "a durable edge gets other options": (yard) => {
    yard.maxAttempts += 1;
    return { mustFail: true };
  },
  "a node does not come up": (yard, chance) => {
    yard.bad = chance.one(["create", "open"]);
    return { mustFail: true, starts: false };
  },
  "a node does not take the state": (yard, chance) => {
    const stateful = present(yard).filter(({ kind }) => kind !== "plain");
    if (stateful.length === 0) return FINE;
    for (const one of stateful) one.spare = !one.spare;
    yard.bad = "restore";
    if (chance.maybe(0.5)) putIn(yard, chance);
    return { mustFail: true, starts: false };
  },
};

const USUAL = Object.keys(EDITS).filter((what) => /put in|is taken out|replaced|several|is dropped/.test(what));
/** Share of the changes that may be any, also one that is refused. */
const RARELY = 0.4;

/** A random change. */
export function changed(yard: Yard, chance: Chance): Change {
  const next = structuredClone(yard);
  const what = chance.maybe(RARELY) ? chance.one(Object.keys(EDITS)) : chance.one(USUAL);
  return { what, yard: next, starts: true, allowed: {}, ...EDITS[what]!(next, chance) };
}
