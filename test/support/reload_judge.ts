import * as fs from "node:fs";
import { FILES, MARKS, STREAMS, WINDOW } from "./reload_load.ts";

/** What a load should have left in its files: each fault by name, and how many there are of each kind. */
export interface Verdict {
  lost: number;
  doubled: number;
  /** Behind one of its stream with a higher number, or through a node that had been replaced or taken out already. */
  disordered: number;
  /** Windows that do not have the packets they should have. */
  miscounted: number;
  /** Batches that did not leave by the clock, and are not the last of their stream. */
  unfired: number;
  batches: number;
  /** The first of them, in words. */
  faults: string[];
}

/** Faults told in words; the counts say how many more there are. */
const TOLD = 20;

interface Item {
  s: string;
  i: number;
}

/** Looks at every packet of every stream in each of the three files. */
export async function judge(at: (file: string) => string, count: number): Promise<Verdict> {
  const verdict = { lost: 0, doubled: 0, disordered: 0, miscounted: 0, unfired: 0, batches: 0, faults: [] } as Verdict;
  const [packets, windows, batches] = FILES.map((name) => at(`${name}.jsonl`)) as [string, string, string];
  const marks = new Marks(verdict);
  const seen = new Seen("packets", count, verdict);
  for await (const packet of lines(packets)) {
    seen.add(packet as Item);
    marks.add(packet as Item);
  }
  seen.end();
  await judgeWindows(windows, count, verdict);
  await judgeBatches(batches, count, verdict);
  return verdict;
}

/** Windows of a stream follow each other without a gap, so that their bounds and sums are known. */
async function judgeWindows(file: string, count: number, verdict: Verdict) {
  const next = new Map(STREAMS.map((stream) => [stream, 0]));
  for await (const line of lines(file)) {
    const {
      key,
      count: has,
      min,
      max,
      sum,
    } = line as Record<"count" | "min" | "max" | "sum", number> & { key: string };
    const first = next.get(key)!;
    const size = Math.min(WINDOW, count - first);
    next.set(key, first + size);
    const last = first + size - 1;
    if (has === size && min === first && max === last && sum === ((first + last) * size) / 2) continue;
    tell(verdict, "miscounted", `window of ${key} has ${has} packets ${min}-${max}, and not ${size}: ${first}-${last}`);
  }
  for (const [key, end] of next) {
    if (end !== count) tell(verdict, "miscounted", `windows of ${key} end before ${end}, and not ${count}`);
  }
}

async function judgeBatches(file: string, count: number, verdict: Verdict) {
  const seen = new Seen("batches", count, verdict);
  for await (const line of lines(file)) {
    const { key, count: has, items, reason } = line as { key: string; count: number; items: Item[]; reason: string };
    verdict.batches += 1;
    for (const item of items) seen.add(item);
    const isLast = reason === "end" && items.at(-1)!.i === count - 1;
    if (reason !== "wait" && !isLast)
      tell(verdict, "unfired", `batch of ${key} with ${has} packets left by "${reason}"`);
  }
  seen.end();
}

/** Each packet once, and those of a stream in order. */
class Seen {
  readonly #where: string;
  readonly #verdict: Verdict;
  readonly #times: Map<string, Uint8Array>;
  readonly #last = new Map<string, number>();

  constructor(where: string, count: number, verdict: Verdict) {
    this.#where = where;
    this.#verdict = verdict;
    this.#times = new Map(STREAMS.map((stream) => [stream, new Uint8Array(count)]));
  }

  add({ s, i }: Item) {
    const times = this.#times.get(s);
    if (times?.[i] === undefined) throw new Error(`${this.#where}: packet ${s}/${i} was never sent`);
    const last = this.#last.get(s) ?? -1;
    this.#last.set(s, Math.max(last, i));
    if (times[i]++ > 0) tell(this.#verdict, "doubled", `${this.#where}: ${s}/${i} again`);
    else if (i < last) tell(this.#verdict, "disordered", `${this.#where}: ${s}/${i} behind ${s}/${last}`);
  }

  end() {
    for (const [stream, times] of this.#times) {
      for (const [i, came] of times.entries()) {
        if (came === 0) tell(this.#verdict, "lost", `${this.#where}: ${stream}/${i} never came`);
      }
    }
  }
}

/** A packet goes all its way through one graph: a node that was replaced or taken out gets no later packet. */
class Marks {
  readonly #verdict: Verdict;
  readonly #highest = new Map<string, number>();

  constructor(verdict: Verdict) {
    this.#verdict = verdict;
  }

  add(packet: Item & Partial<Record<(typeof MARKS)[number], number>>) {
    for (const mark of MARKS) {
      const by = packet[mark];
      if (by === undefined) continue;
      const key = `${packet.s} ${mark}`;
      const highest = this.#highest.get(key) ?? 0;
      if (by >= highest) this.#highest.set(key, by);
      else
        tell(
          this.#verdict,
          "disordered",
          `${packet.s}/${packet.i} went through "${mark}" of reload ${by} after ${highest}`,
        );
    }
  }
}

type Fault = "lost" | "doubled" | "disordered" | "miscounted" | "unfired";

function tell(verdict: Verdict, fault: Fault, what: string) {
  verdict[fault] += 1;
  if (verdict.faults.length < TOLD) verdict.faults.push(`${fault}: ${what}`);
}

/** Line by line: the files of a bench are larger than what should be in memory at once. */
async function* lines(file: string): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of fs.createReadStream(file)) {
    const parts = (rest + decoder.decode(chunk as Buffer, { stream: true })).split("\n");
    rest = parts.pop()!;
    for (const part of parts) yield JSON.parse(part);
  }
  if (rest !== "") throw new Error(`the last line of ${file} is cut off: ${rest.slice(0, 80)}`);
}
