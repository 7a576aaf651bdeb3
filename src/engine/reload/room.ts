import type { Producer } from "../producer.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Wiring } from "../wiring.ts";
import type { Affected } from "./affected.ts";

/**
 * Lets what is to be emptied empty itself though those behind it are full: their inboxes may take as much more as waits
 * in it now, with what its sources have begun to hand out. A packet only moves on, so there are no more of them than before; the sources stand still meanwhile.
 * Without this a reload would wait for whoever is slow, such as a sink that is away. What a node makes more of than it
 * took waits as ever. Gives what takes the room back; where more waits by then, nothing comes in before it is gone.
 */
export function makeRoom({ wiring, scheduler }: Around, { drained, sources }: Affected): () => void {
  const emptied = new Set<Producer>([...drained, ...sources]);
  const held = [...emptied].reduce((sum, one) => sum + one.held.length, 0);
  const packets = sources.reduce((sum, { left }) => sum + left, held);
  const inboxes = drained.flatMap(({ inputs }) => inputs.map(({ inbox }) => inbox));
  const more = {
    packets: inboxes.reduce((sum, { count }) => sum + count, packets),
    bytes: inboxes.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  const behind = wiring.edges.filter(({ from, to }) => emptied.has(from) && !emptied.has(to)).map(({ input }) => input);
  const widened = [...new Set(behind)].filter(({ inbox, feedback }) => !feedback && inbox.limits.overflow === "block");
  const look = () =>
    scheduler.findRoom(
      wiring.producers,
      wiring.nodes.flatMap(({ inputs }) => inputs),
    );
  const before = widened.map(({ inbox }) => inbox.limits);
  for (const { inbox } of widened) {
    const { capacity, max_bytes } = inbox.limits;
    inbox.limits = { ...inbox.limits, capacity: capacity + more.packets, max_bytes: max_bytes + more.bytes };
  }
  look();
  return () => {
    for (const [at, { inbox }] of widened.entries()) inbox.limits = before[at]!;
    look();
  };
}

interface Around {
  readonly wiring: Wiring;
  readonly scheduler: Scheduler;
}
