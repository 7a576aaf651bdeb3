import { closeAll } from "../closing.ts";
import { Outlet } from "../durable/outlet.ts";
import type { Engine } from "../engine.ts";
import { SourceRun } from "../source_run.ts";
import type { Made } from "./fresh.ts";

interface Gone {
  readonly leaving: readonly Made[];
  /** Of those, the ones that are closed already. */
  readonly closed: readonly Made[];
  readonly fresh: Iterable<Made>;
}

/** Once the new graph runs: closes what is gone, and starts what is new. */
export async function closeGone(engine: Engine, { leaving, closed, fresh }: Gone) {
  for (const one of leaving) {
    if (one instanceof SourceRun) one.leave();
    else one.holds.clear();
  }
  const isEnd = (one: Made) => one.instance instanceof Outlet;
  const heart = new Int32Array(2);
  const { clock } = engine.host;
  // What they have leased goes to whoever has their queue now.
  await closeAll(leaving.filter(isEnd), clock, heart);
  for (const one of fresh) if (one instanceof SourceRun) engine.restarts.start(one);
  engine.work();
  await closeAll(
    leaving.filter((one) => !isEnd(one) && !closed.includes(one)),
    clock,
    heart,
  );
}
