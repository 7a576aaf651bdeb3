import { ownEntry } from "../../base/own_entry.ts";

/** One object's stay in one zone. Times are event time in milliseconds. */
export interface Stay {
  /** First and last sighting inside. */
  sinceMs: number;
  lastMs: number;
  /** It was long enough to count, and has been said. */
  entered: boolean;
  /** Dwell times that have been said, from the first. */
  said: number;
}

/** Something that becomes of a stay. */
export type StayChange =
  | { readonly what: "enter" }
  | { readonly what: "dwell"; readonly threshold_sec: number }
  | { readonly what: "leave"; readonly lost: boolean };

/** Stays by zone. */
export type Stays = Record<string, Stay>;

export interface StayRules {
  readonly settleMs: number;
  /** Rising. */
  readonly dwellSec: readonly number[];
}

type Heard = (zoneId: string, change: StayChange, stay: Stay) => void;

/** Takes in which zones an object is in now. What crosses a border for less than `settleMs` changes nothing. */
export function updateStays(stays: Stays, inside: ReadonlySet<string>, nowMs: number, rules: StayRules, heard: Heard) {
  for (const zoneId of inside) {
    const stay = ownEntry(stays, zoneId, () => ({ sinceMs: nowMs, lastMs: nowMs, entered: false, said: 0 }));
    stay.lastMs = nowMs;
    advance(zoneId, stay, nowMs, rules, heard);
  }
  for (const [zoneId, stay] of Object.entries(stays)) {
    if (inside.has(zoneId) || (stay.entered && nowMs - stay.lastMs < rules.settleMs)) continue;
    delete stays[zoneId];
    if (stay.entered) heard(zoneId, { what: "leave", lost: false }, stay);
  }
}

function advance(zoneId: string, stay: Stay, nowMs: number, { settleMs, dwellSec }: StayRules, heard: Heard) {
  const stayedMs = nowMs - stay.sinceMs;
  if (!stay.entered && stayedMs < settleMs) return;
  if (!stay.entered) {
    stay.entered = true;
    heard(zoneId, { what: "enter" }, stay);
  }
  for (let next = dwellSec[stay.said]; next !== undefined && stayedMs >= next * 1_000; next = dwellSec[stay.said]) {
    stay.said += 1;
    heard(zoneId, { what: "dwell", threshold_sec: next }, stay);
  }
}

/** Ends the stays of an object that is gone. */
export function endStays(stays: Stays, heard: Heard) {
  for (const [zoneId, stay] of Object.entries(stays)) {
    if (stay.entered) heard(zoneId, { what: "leave", lost: true }, stay);
  }
}
