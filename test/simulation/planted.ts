import * as fs from "node:fs";
import * as path from "node:path";
import type { Season } from "./weather.ts";

/** A bug put into the program's own text. */
export interface Planted {
  readonly name: string;
  /** What the program then does wrong. */
  readonly says: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly replace: string;
  readonly by: string;
  /** Invariants that it breaks. */
  readonly breaks: RegExp;
  /** Weather that shows it soon. */
  readonly season?: Season;
  /** A real fault shows it as well, so the drill must see it: the fault's name there. */
  readonly drill?: string;
}

/** Bugs that a durable queue is known to have somewhere. Each turns the simulation red. */
export const PLANTED: readonly Planted[] = [
  {
    name: "ack before commit",
    says: "the sender hears that a packet is safe before its row is on the disk",
    file: "src/engine/durable/inlet.ts",
    replace: "    return new Promise((resolve, reject) => {\n",
    by: "    return new Promise((resolve, reject) => {\n      resolve();\n",
    season: "crashes",
    breaks: /^I1/,
    drill: "kill",
  },
  {
    name: "wall clock",
    says: "delays are measured with a clock that somebody sets",
    file: "src/store/queue_clock.ts",
    replace: "  return () => Math.floor(originMs + clock.monotonicMs());\n",
    by: "  void originMs;\n  return () => clock.nowMs();\n",
    season: "clock",
    breaks: /^I/,
  },
  {
    name: "attempts after delivery",
    says: "that a row was handed out is not on the disk, so a packet that kills the process does so for ever",
    file: "src/store/take_over.ts",
    replace: "FROM deliveries AS d JOIN",
    by: "FROM (SELECT 0 AS id, 0 AS from_seq, 0 AS to_seq LIMIT 0) AS d JOIN",
    breaks: /^I5/,
  },
  {
    name: "drop when full",
    says: "a full queue gives packets up where it should make producers wait",
    file: "src/engine/durable/inlet.ts",
    replace: 'if (code === "QUEUE_FULL" && this.#options.overflow === "drop_newest")',
    by: 'if (code === "QUEUE_FULL")',
    season: "full",
    breaks: /^I1|^I6/,
    // Not for the drill: its senders wait for an answer, and hear "not now" before anything could be given up.
  },
  {
    name: "delete on delivery",
    says: "a row is removed when it is handed out, not when it is done",
    file: "src/engine/durable/outlet.ts",
    replace: "    this.#underWay.add(packet, row);\n",
    by: "    this.#underWay.add(packet, row);\n    this.acks.add(row, false);\n",
    season: "crashes",
    breaks: /^I1/,
    drill: "kill",
  },
  {
    name: "keys forgotten with the ack",
    says: "the key of a delivered packet is not known any more",
    file: "src/store/settling.ts",
    replace: "      keys.remember(run);\n",
    by: '      ledger.sql.run("DELETE FROM keys WHERE seq BETWEEN ? AND ?", run.from, run.to);\n',
    breaks: /^I2/,
  },
  {
    name: "no copy numbers",
    says: "copies that a graph makes have the key of the packet they were made of",
    file: "src/engine/durable/inlet.ts",
    replace: "    if (copy === 1 && own === key) return packet;\n",
    by: "    if (copy > 0) return packet;\n",
    breaks: /^I1/,
  },
  {
    name: "keys by arrival",
    says: "copies are numbered as they come, and another may be faster the second time",
    file: "src/engine/ack.ts",
    replace: "    if (at === 0) return this;\n",
    by: "    if (at >= 0) return this;\n",
    breaks: /^I/,
  },
  {
    name: "failed row lets others pass",
    says: "rows behind one that is tried again go on",
    file: "src/store/line.ts",
    replace: "if (blocked !== undefined && seq > blocked.from)",
    by: "if (blocked !== undefined && seq < 0)",
    season: "outages",
    breaks: /^I3/,
  },
  {
    name: "drain counts",
    says: "what a stop gives back counts as a failed attempt",
    file: "src/engine/durable/row_failures.ts",
    replace: "counted: !away,",
    by: "counted: !away || ending,",
    season: "stops",
    breaks: /^I8/,
  },
  {
    name: "outage counts",
    says: "an outage of the outside uses up the attempts of packets that nothing is wrong with",
    file: "src/engine/durable/row_failures.ts",
    replace: '    const away = kind === "unavailable";\n',
    by: '    const away = kind === "unavailable" && node === undefined;\n',
    season: "outages",
    breaks: /^I8/,
  },
  {
    name: "a failed commit is a refusal",
    says: "packets whose commit failed are given up, though the disk may take them a moment later",
    file: "src/engine/durable/inlet.ts",
    replace: '    if (code !== "QUEUE_FULL" && code !== "QUEUE_UNWRITABLE") return rejectAll(batch, error);\n',
    by: '    if (code !== "QUEUE_FULL") return this.#dropAll(batch);\n',
    season: "disk",
    breaks: /^I1|^I6/,
  },
  {
    name: "torn end unseen",
    says: "nobody compares the last number with the mark beside the file",
    file: "src/store/tail.ts",
    replace: "  const missing = Math.max(0, given - last);\n",
    by: "  const missing = Math.max(0, given - given);\n",
    season: "tears",
    breaks: /^I1|^I4/,
    drill: "bit_flip",
  },
  {
    name: "dead letter forgotten",
    says: "a row that failed for the last time is removed, and kept nowhere",
    file: "src/store/graveyard.ts",
    replace: "    sql.run(BURY,",
    by: "    void (BURY,",
    breaks: /^I1|^I4/,
  },
  {
    name: "a lost answer is a delivery",
    says: "a packet whose try the outside refused counts as delivered",
    file: "src/delivery/delivery.ts",
    replace: "      (error: unknown) => (attempt.over ? this.#late() : this.#failed(attempt, error)),\n",
    by: "      (error: unknown) => (attempt.over ? this.#late() : error instanceof Unavailable ? this.#succeeded(attempt) : this.#failed(attempt, error)),\n",
    season: "outages",
    breaks: /^I1/,
    drill: "sink_outage",
  },
  {
    name: "held no longer",
    says: "a packet that a node kept counts as done once something was made of it",
    file: "src/engine/holding.ts",
    replace: "    if (root !== undefined) roots.push(root);\n",
    by: "    root?.done();\n",
    season: "crashes",
    breaks: /^I1/,
  },
  {
    name: "state not carried",
    says: "a node that takes the place of another begins without its state",
    file: "src/engine/reload/swap.ts",
    replace: "      to.restore(states.has",
    by: "      void (states.has",
    season: "reloads",
    breaks: /^I/,
  },
  {
    name: "inbox left behind",
    says: "what waits before a node that is replaced goes with it",
    file: "src/engine/reload/rewire.ts",
    replace: "    made.inbox = same.inbox;\n",
    by: "",
    season: "reloads",
    breaks: /^I/,
  },
  {
    name: "rows kept for nobody",
    says: "rows that waited for a checkpoint wait on when no checkpoint is about them any more",
    file: "src/engine/checkpoint/checkpoints.ts",
    replace: "if (!region?.outlets.includes(outlet)) outlet.acks.keepNone();",
    by: "void outlet;",
    season: "reloads",
    breaks: /^I5/,
  },
  {
    name: "state dropped unasked",
    says: "a reload that would drop a state is not refused",
    file: "src/engine/reload/refusal.ts",
    replace: "(dropState ? undefined : dropped(changes))",
    by: "(dropState || changes.nodes.length > 0 ? undefined : dropped(changes))",
    season: "reloads",
    breaks: /^I5/,
  },
  {
    name: "sources stay paused",
    says: "after a reload that was taken back the sources stand still",
    file: "src/engine/reload/standstill.ts",
    replace: "    for (const one of this.#paused) one.resume();\n",
    by: "    if (swapped) for (const one of this.#paused) one.resume();\n",
    season: "reloads",
    breaks: /^I5/,
  },
];

const ROOT = path.join(import.meta.dir, "../..");
/** What a run from source needs. */
const COPIED = ["src", "test/simulation", "test/support", "package.json", "tsconfig.json"];

/** A copy of the program in `folder` with one bug in it. Throws when its text does not stand there exactly once. */
export function plantIn(folder: string, { name, file, replace, by }: Planted) {
  for (const part of COPIED) fs.cpSync(path.join(ROOT, part), path.join(folder, part), { recursive: true });
  fs.symlinkSync(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"));
  const target = path.join(folder, file);
  const pieces = fs.readFileSync(target, "utf8").split(replace);
  if (pieces.length !== 2) {
    throw new Error(
      `cannot plant "${name}": ${JSON.stringify(replace)} stands ${pieces.length - 1} times in ${file}, and must stand once; change test/simulation/planted.ts with the program`,
    );
  }
  fs.writeFileSync(target, pieces.join(by));
}
