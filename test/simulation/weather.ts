import type { Chance } from "./chance.ts";

export type OutageKind =
  /** Connections are refused. */
  | "down"
  /** 503, sometimes with Retry-After. */
  | "busy"
  /** 500: the try counts. */
  | "broken"
  /** No answer ever, and no effect. */
  | "black_hole"
  /** The effect is there and the answer is lost. */
  | "reset"
  /** Every other request fails one way or the other. */
  | "mixed";

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Outage extends Window {
  readonly kind: OutageKind;
}

/** Everything that will happen to one box, from its seed. */
export interface Weather {
  readonly facts: number;
  readonly partitions: number;
  /** So many facts of a sender come at once … */
  readonly burst: number;
  /** … and so much later the next. */
  readonly gapMs: number;
  /** Facts a sender has under way at once. */
  readonly window: number;
  /** A request takes at most so long there, and as long back. */
  readonly netMs: number;
  /** Faults happen until then; after that everything has to come to its end. */
  readonly faultMs: number;
  /** Time that passes with each look at the clock. */
  readonly creepMs: number;
  readonly fuse: boolean;
  /** Share of the acknowledgements that the sender never hears. */
  readonly ackLost: number;
  /** Share of the facts that are sent a second time while the first is under way. */
  readonly impatient: number;
  /** Steps of the program between two crashes, on average; 0: none. */
  readonly crashEvery: number;
  readonly maxCrashes: number;
  /** Share of the crashes that take the end of a file along: a power cut with a disk that lied. */
  readonly tornTail: number;
  /** Share of the commits that fail, with or without an effect. */
  readonly badCommits: number;
  readonly fullDisk: readonly Window[];
  /** What a round of a queue takes at most, on a good day. */
  readonly roundMs: number;
  readonly slowDisk: readonly Window[];
  readonly outages: readonly Outage[];
  readonly jumps: readonly { readonly atMs: number; readonly byMs: number }[];
  /** A person stops the program and starts it again. */
  readonly stops: readonly { readonly atMs: number; readonly drainMs: number }[];
  /** Options of the durable edges are others after a restart. */
  readonly changes: boolean;
}

const HOUR_MS = 3_600_000;
const OUTAGES = ["down", "busy", "broken", "black_hole", "reset", "mixed", "mixed", "mixed"] as const;

/** Kinds of faults that come together; in their season they come in every seed. */
export const SEASONS = ["clock", "crashes", "disk", "full", "outages", "reloads", "stops", "tears"] as const;
export type Season = (typeof SEASONS)[number];

/** Each kind of fault is there in a part of the seeds, so that none hides another. */
export function randomWeather(chance: Chance, season?: Season): Weather {
  const comes = (name: Season, share: number) => chance.maybe(season === name ? 1 : share);
  const faultMs = chance.maybe(0.05) ? chance.int(600_000, 2_400_000) : chance.int(2_000, 30_000);
  const facts = chance.int(4, 24);
  const burst = chance.one([1, 4, 16]);
  const windows = (isThere: boolean) =>
    Array.from({ length: isThere ? chance.int(1, 3) : 0 }, () => windowIn(chance, faultMs));
  const moments = (name: Season, share: number) => {
    const most = season === name ? 12 : 4;
    return Array.from({ length: comes(name, share) ? chance.int(1, most) : 0 }, () => chance.int(0, faultMs));
  };
  return {
    facts,
    partitions: chance.int(1, 2),
    burst,
    // Work lasts as long as the faults do, mostly, or a part of that.
    gapMs: Math.floor((chance.one([0, 0.3, 0.8, 0.8]) * faultMs * burst) / facts),
    netMs: chance.one([5, 20, 200]),
    window: chance.one([1, 4, 16, 64]),
    faultMs,
    creepMs: chance.one([0, 0, 0.01, 0.5]),
    fuse: chance.maybe(0.7),
    ackLost: chance.maybe(0.4) ? 0.2 : 0,
    impatient: chance.maybe(0.2) ? 0.1 : 0,
    crashEvery: comes("crashes", 0.75) ? chance.one([3, 20, 100, 400]) : 0,
    maxCrashes: chance.int(1, 6),
    tornTail: comes("tears", 0.15) ? 0.5 : 0,
    badCommits: comes("disk", 0.3) ? chance.one([0.02, 0.2]) : 0,
    fullDisk: windows(comes("full", 0.15)),
    roundMs: chance.one([1, 10, 50, 100]),
    slowDisk: windows(chance.maybe(0.2)),
    outages: windows(comes("outages", 0.7)).map((window) => ({ ...window, kind: chance.one(OUTAGES) })),
    jumps: moments("clock", 0.4).map((atMs) => ({
      atMs,
      byMs: chance.one([-HOUR_MS, HOUR_MS, 24 * HOUR_MS, -11 * 365 * 24 * HOUR_MS]),
    })),
    stops: moments("stops", 0.6).map((atMs) => ({ atMs, drainMs: chance.one([0, 0, 50, 10_000]) })),
    changes: chance.maybe(0.3),
  };
}

/** A part of the time of faults, or most of it. */
function windowIn(chance: Chance, faultMs: number): Window {
  const fromMs = chance.int(0, faultMs);
  return { fromMs, toMs: chance.int(fromMs, faultMs) };
}

export const during = (windows: readonly Window[], nowMs: number) =>
  windows.some(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs);
