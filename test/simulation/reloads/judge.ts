import { idempotencyKey, type StreamPacket } from "../../../src/packet/index.ts";
import { type DeadRow, entryCodec, type QueueRow } from "../../../src/store/index.ts";
import type { Branch, Yard } from "./graph.ts";
import { INTAKE } from "./plan.ts";

/** What came to the sink of a branch. */
class Book {
  /** Facts by the key they came under. */
  readonly byKey = new Map<string, readonly string[]>();
  readonly keyOf = new Map<string, string>();
  /** What a tally said of a fact. */
  readonly nth = new Map<string, number>();
  /** They may be missing: sent before the branch was there, or a state was dropped on purpose. */
  readonly excused = new Set<string>();
  /** What was counted began anew. */
  counted = true;
  sameKeys = true;
  /** Its batches are of the same packets whenever they are made again. */
  sameBatches = true;
}

/** Says what is wrong with what came out of a yard. */
export class Judge {
  readonly violations: string[] = [];
  readonly promised = new Map<string, { source: string }>();
  readonly sent = new Set<string>();
  /** Sent again after later ones: whether a window takes them goes by the clock where calls are under way. */
  readonly #behind = new Set<string>();
  readonly #note: (what: string) => void;
  #sameFan = true;
  readonly #books = new Map<string, Book>();

  constructor(note: (what: string) => void) {
    this.#note = note;
  }

  violated(what: string) {
    this.violations.push(what);
  }

  sends(fact: string) {
    if (this.sent.has(fact)) this.#behind.add(fact);
    this.sent.add(fact);
  }

  /** One graph may take the place of another, or has; what it does not have of the other is lost on purpose. */
  switching(from: Yard, to: Yard) {
    // The copies that a fan-out makes have keys by their place in it.
    for (const [at, { id, durable }] of from.branches.entries()) {
      // Copies have keys of their own only where they go over a durable edge.
      if (durable !== to.branches[at]!.durable) this.#book(id).sameKeys = false;
    }
    if (fanOf(from) !== fanOf(to)) this.#sameFan = false;
    for (const [at, branch] of from.branches.entries()) {
      const other = to.branches[at]!;
      const book = this.#book(branch.id);
      if (branch.option !== other.option) book.sameBatches = false;
      if (branch.present && other.present && branch.version === other.version) continue;
      book.counted = false;
      for (const fact of this.sent) if (!book.keyOf.has(fact)) book.excused.add(fact);
    }
  }

  /** A packet is at the end of its way. */
  arrived(branch: Branch, packet: StreamPacket) {
    const book = this.#book(branch.id);
    const facts = factsOf(packet);
    const key = idempotencyKey(packet);
    this.#note(`effect ${branch.id} ${facts.join(" ")} ${key}`);
    const [before, now] = [book.byKey.get(key) ?? facts, facts].map((some) => this.#sure(branch, some).join(" "));
    // A window that forgot it was over gives another result under the key of the first.
    if (before !== now && book.counted) {
      this.violated(`I2: key ${key} of ${branch.id} came with ${before}, and then with ${now}`);
    }
    book.byKey.set(key, facts);
    for (const fact of facts) this.#fact(branch, book, fact, key, packet);
  }

  #sure({ kind }: Branch, facts: readonly string[]): readonly string[] {
    return kind === "window_aggregate" ? facts.filter((fact) => !this.#behind.has(fact)) : facts;
  }

  #fact(branch: Branch, book: Book, fact: string, key: string, { payload }: StreamPacket) {
    const { id, kind } = branch;
    if (fact === "nothing") return this.violated(`I9: the join ${id} lost one side: ${JSON.stringify(payload)}`);
    const before = book.keyOf.get(fact);
    const isSame =
      this.#sameFan &&
      book.sameKeys &&
      this.#sure(branch, [fact]).length > 0 &&
      (kind !== "batch" || book.sameBatches) &&
      !goesAlone(kind, payload as Told);
    if (before !== undefined && before !== key && book.counted && isSame) {
      this.violated(`I2: ${fact} came to ${id} (${kind}) under key ${before} and then under ${key}`);
    }
    book.keyOf.set(fact, key);
    const { nth } = payload as { nth?: number };
    if (nth !== undefined && before === undefined) book.nth.set(fact, nth);
  }

  /** Everything has come to its end. */
  end(yard: Yard, files: ReadonlyMap<string, { look(): Look }>) {
    for (const [name, file] of files) this.#checkFile(yard, name, file.look());
    for (const branch of yard.branches) if (branch.present) this.#checkBranch(branch);
  }

  #checkFile({ branches }: Yard, name: string, { faults, dead, waiting }: Look) {
    for (const fault of faults) this.violated(`I4: ${name}: ${fault}`);
    for (const row of dead) this.violated(`I8: a dead letter in ${name} that nothing was wrong with: ${row.error}`);
    const isOpen = name === INTAKE || branches.some(({ id, present, durable }) => id === name && present && durable);
    if (isOpen && waiting.length > 0) this.violated(`I5: the run ended, and ${waiting.length} rows wait in ${name}`);
    const book = this.#book(name);
    // Left behind, and there for whoever opens the file again.
    for (const row of waiting) for (const fact of factsOf(entryCodec.decode(row))) book.excused.add(fact);
  }

  #checkBranch(branch: Branch) {
    const { id } = branch;
    const book = this.#book(id);
    for (const fact of this.#sure(branch, [...this.promised.keys()])) {
      if (book.keyOf.has(fact) || book.excused.has(fact)) continue;
      this.violated(`I1: ${fact} was acknowledged, and did not come to ${id}`);
    }
    if (!book.counted || book.nth.size === 0) return;
    const numbers = [...book.nth.values()].sort((a, b) => a - b);
    const wrong = numbers.findIndex((nth, at) => nth !== at + 1);
    if (wrong >= 0) this.violated(`I9: ${id} counted ${numbers.join(" ")}`);
    const inOrder = [...book.nth.values()].every((nth, at) => nth === at + 1);
    if (!inOrder && book.excused.size === 0) this.violated(`I3: ${id} heard ${[...book.nth.values()].join(" ")}`);
  }

  #book(id: string): Book {
    let book = this.#books.get(id);
    if (book === undefined) {
      book = new Book();
      this.#books.set(id, book);
    }
    return book;
  }
}

const fanOf = ({ branches }: Yard) =>
  branches.map(({ present, id, passes }) => (present ? (passes.head[0]?.id ?? id) : "")).join(" ");

/**
 * By which port a packet leaves a debounce goes by the clock, and copies on another way have another key; both sides of a
 * join may be late, each under its own.
 */
const goesAlone = (kind: Branch["kind"], { fact }: Told) =>
  kind === "debounce" || (kind === "stream_join" && fact !== undefined);

interface Look {
  readonly faults: readonly string[];
  readonly dead: readonly DeadRow[];
  readonly waiting: readonly QueueRow[];
}

interface Told {
  readonly fact?: string;
  readonly facts?: readonly string[];
  readonly items?: readonly Told[];
  readonly left?: Told | null;
  readonly right?: Told | null;
}

/** Facts in a packet, whatever was made of them. */
function factsOf({ payload }: Pick<StreamPacket, "payload">): string[] {
  const { fact, facts, items, left, right } = payload as Told;
  if (fact !== undefined) return [fact];
  if (facts !== undefined) return [...facts];
  if (items !== undefined) return items.map((one) => one.fact!);
  if (left?.fact === undefined || left.fact !== right?.fact) return ["nothing"];
  return [left.fact];
}
