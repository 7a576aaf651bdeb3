import type { PlanNode } from "../../graph/index.ts";
import type { TestCase } from "./shape.ts";

/** What is wrong, and where in the case. */
type Say = (at: readonly (string | number)[], reason: string, where: "key" | "value") => void;

type Faults = NonNullable<TestCase["faults"]>;

/** A fault that cannot happen would leave a case that holds for the wrong reason, so it is refused. */
export function checkFaults(faults: Faults, nodes: readonly PlanNode[], say: Say) {
  for (const { at, one } of listed("crash_after", faults.crash_after)) {
    if ((one.packets === undefined) === (one.time === undefined))
      say(at, "it must have one of packets and time", "key");
  }
  for (const { at, one } of listed("sink_down", faults.sink_down)) {
    const node = nodes.find(({ id }) => id === one.node);
    if (node?.definition.kind === "source") say([...at, "node"], NO_SOURCE, "value");
    if (one.to <= one.from) say(at, neverHappens(one.from, one.to), "key");
  }
  checkDisk(faults.disk_full_after, say);
}

const NO_SOURCE = "nothing is sent to a source: name a node behind it, or leave packets out under given:";

function checkDisk(full: Faults["disk_full_after"], say: Say) {
  if (full === undefined) return;
  const { bytes, time, until } = full;
  const at = ["faults", "disk_full_after"];
  if ((bytes === undefined) === (time === undefined)) say(at, "it must have one of bytes and time", "key");
  if (time !== undefined && until !== undefined && until <= time) say(at, neverHappens(time, until), "key");
}

const neverHappens = (fromMs: number, toMs: number) =>
  `this never happens: it lasts from ${fromMs / 1_000} s to ${toMs / 1_000} s`;

/** A fault that is written by itself, or several in a list. */
function listed<T>(fault: string, written: T | T[] | undefined): { at: (string | number)[]; one: T }[] {
  const all: T[] = written === undefined ? [] : Array.isArray(written) ? written : [written];
  return all.map((one, index) => ({ at: ["faults", fault, ...(Array.isArray(written) ? [index] : [])], one }));
}
