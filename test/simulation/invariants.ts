import type { EdgeRun } from "../../src/engine/producer.ts";
import { totalDrops } from "../../src/observe/index.ts";
import { type DeadRow, entryCodec } from "../../src/store/index.ts";
import type { Load } from "./backend.ts";
import type { Box } from "./box.ts";
import { rowText } from "./ledger.ts";
import type { Life } from "./life.ts";
import { idOf, type Shape, type ShapeEdge } from "./shape.ts";

/** Counters of a run that ended add up: what went in came out, was dropped with a reason, or is still there. */
export function checkCounts(box: Box, { engine, ended }: Life) {
  if (ended!.failure !== undefined) box.ledger.violated(`I5: the run failed: ${ended!.failure}`);
  const { wiring, durable } = engine!;
  const into = Map.groupBy(wiring.edges, ({ to }: EdgeRun) => to);
  for (const node of wiring.nodes) {
    const edges = into.get(node) ?? [];
    const sum = (count: (edge: EdgeRun) => number) => edges.reduce((all, edge) => all + count(edge), 0);
    const passed = sum(({ counters }) => counters.passed);
    const dropped = sum(({ counters }) => totalDrops(counters.dropped));
    const { consumed } = node.counters;
    if (passed !== consumed + dropped) {
      box.ledger.violated(`I6: ${passed} packets went to ${node.id}, ${consumed} were taken, ${dropped} dropped`);
    }
  }
  for (const { counts, counters, name } of durable.links.values()) {
    const delivered = counts.acked + counts.nacked;
    if (counts.delivered !== delivered) {
      box.ledger.violated(`I6: ${name} delivered ${counts.delivered} packets and heard of ${delivered}`);
    }
    const kept = counts.enqueued + counts.duplicates + totalDrops(counters.dropped);
    if (kept > counters.passed) box.ledger.violated(`I6: ${name} kept ${kept} packets of ${counters.passed}`);
  }
}

/** What full inboxes and full queues gave up in a life, however it ended. */
export function countShed({ ledger, shape }: Box, { engine }: Life) {
  if (engine === undefined) return;
  for (const { id, counters } of engine.wiring.nodes) {
    ledger.sheds(id, totalDrops(counters.dropped, ["drop_newest", "drop_oldest"]));
  }
  for (const { index, durable } of shape.durableEdges) {
    const dropped = totalDrops(engine.durable.links.get(index)!.counters.dropped, ["queue_full"]);
    if (dropped > 0 && durable!.overflow === "block")
      ledger.violated(`I6: edge${index} blocks, and dropped ${dropped}`);
    ledger.sheds(`edge${index}`, dropped);
  }
}

/** Everything that was promised is there, in one of the places where it may be. */
export function checkEnd(box: Box) {
  for (const edge of box.shape.durableEdges) checkFile(box, edge);
  const missing: string[] = [];
  for (const [fact, { source }] of box.ledger.promised) {
    for (const effect of box.shape.effects(fact, source)) {
      const name = rowText(fact, effect);
      if (!box.ledger.arrived.has(name) && !excused(box, fact, effect)) missing.push(name);
    }
  }
  checkMissing(box, missing);
}

function checkFile(box: Box, edge: ShapeEdge) {
  const { ledger, disks } = box;
  const disk = disks.get(edge)!;
  const { faults, dead, waiting, stats } = disk.look();
  const name = `edge${edge.index}`;
  for (const fault of faults) ledger.violated(`I4: ${name}: ${fault}`);
  if (waiting.length > 0) ledger.violated(`I5: the run ended, and ${waiting.length} rows wait in ${name}`);
  ledger.sheds(name, stats.droppedOldest);
  if (disk.mark.lost !== disk.torn && !disk.uncounted) {
    ledger.violated(`I1: ${disk.torn} numbers of ${name} were torn off, and ${disk.mark.lost} were told of`);
  }
  for (const row of dead) checkDead(box, edge, row);
}

/** A dead letter is a place where a packet may be, if it had its tries. */
function checkDead({ ledger }: Box, edge: ShapeEdge, row: DeadRow) {
  const { fact, path } = entryCodec.decode(row).payload as Load;
  const name = rowText(fact, path);
  ledger.excused.add(name);
  const { blame: blames, torn, maxAttempts } = ledger.book(edge);
  const blame = blames.get(name) ?? 0;
  const refused = row.error.includes("422");
  if (!torn && !refused && blame < maxAttempts) {
    ledger.violated(
      `I8: ${name} is a dead letter after ${row.attempts} attempts, ${blame} of them failed: ${row.error}`,
    );
  }
}

/** A packet of this way was given up on purpose, or is a dead letter. */
function excused({ ledger }: Box, fact: string, effect: string): boolean {
  const names = effect.split(">");
  return names.some((name, at) => {
    const before = names.slice(0, at);
    // Given up by a node it had not left yet, or once it had.
    return [idOf(name), name].some((last) => ledger.excused.has(rowText(fact, [...before, last].join(">"))));
  });
}

/** What is left may have been shed where the graph says so, and only as much as was counted there. */
function checkMissing(box: Box, missing: readonly string[]) {
  // Where something was shed nobody knows: facts of which nothing arrived early, the others early or late.
  const [whole, parts] = split(box, missing);
  const tries = [false, true].map((late) => {
    const taken: Taken = new Map();
    return [...unexplained(box, whole, taken, false), ...unexplained(box, parts, taken, late)];
  });
  for (const name of tries.sort((a, b) => a.length - b.length)[0]!) {
    box.ledger.violated(`I1: ${name} was acknowledged, and is nowhere`);
  }
}

/** Packets that a place is taken to have shed. */
type Taken = Map<string, Set<string>>;

/** Effects of facts of which nothing arrived, and the others. */
function split({ ledger }: Box, missing: readonly string[]): [string[], string[]] {
  const arrived = new Set([...ledger.arrived.keys()].map((name) => name.split(" ")[0]));
  const isWhole = (name: string) => !arrived.has(name.split(" ")[0]);
  return [missing.filter(isWhole), missing.filter((name) => !isWhole(name))];
}

function unexplained({ ledger, shape }: Box, missing: readonly string[], taken: Taken, late: boolean): string[] {
  return missing.filter((name) => {
    const [fact, path] = name.split(" ") as [string, string];
    const places = placesOf(shape, path);
    const found = (late ? places.reverse() : places).find(({ place, before }) => {
      const names = taken.get(place);
      // One packet that was shed may have had several effects.
      return names?.has(rowText(fact, before)) || (ledger.shed.get(place) ?? 0) > (names?.size ?? 0);
    });
    if (found === undefined) return true;
    const names = taken.get(found.place) ?? new Set();
    taken.set(found.place, names.add(rowText(fact, found.before)));
    return false;
  });
}

/** Where a packet on this way may be shed, and its path there. */
function placesOf(shape: Shape, path: string): { place: string; before: string }[] {
  const names = path.split(">");
  return shape.edgesOf(path).flatMap(({ index, to }, at) => {
    const before = names.slice(0, at + 1).join(">");
    return [`edge${index}`, to.id].map((place) => ({ place, before }));
  });
}
