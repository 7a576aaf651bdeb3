import { expect, test } from "bun:test";
import * as path from "node:path";
import { seededRandom } from "../../src/base/random.ts";
import { temporaryFolder } from "../support/folder.ts";
import { Results, WindowedGraph } from "./state_rounds.ts";

/** What is promised: as many kills, and every sum right. */
const KILLS = 200;
/** Rounds side by side: two cores. */
const LANES = 2;
/** A machine that is busy needs longer for each life, and the kills wait as long. */
const MOST_SECONDS = 900;

/** One graph and where its results go, with what an undisturbed run of it says and how long that takes. */
async function lane(folder: string, checkpoint?: string) {
  const results = new Results();
  const graph = new WindowedGraph(folder, results.url, checkpoint);
  await graph.fill();
  const startedMs = performance.now();
  expect(await graph.live(graph.begin(), undefined)).toBe(true);
  return { results, graph, whole: results.take(), lifeMs: performance.now() - startedMs };
}

/** Lives of one round, each killed at a moment of its own, until one comes to its end. Gives how many were killed. */
async function round({ graph, lifeMs }: Awaited<ReturnType<typeof lane>>, chance: () => number): Promise<number> {
  const state = graph.begin();
  let kills = 0;
  while (!(await graph.live(state, lifeMs * (0.1 + 0.8 * chance())))) kills += 1;
  return kills;
}

test(
  `windows give the same results after ${KILLS} kills at random moments as without any`,
  async () => {
    using folder = temporaryFolder();
    let [kills, rounds] = [0, 0];
    const rounding = async (name: number) => {
      const random = seededRandom(name);
      const one = await lane(path.join(folder.path, `lane${name}`));
      await using results = one.results;
      expect(one.whole).toHaveLength(80);
      while (kills < KILLS) {
        kills += await round(one, () => random.float());
        rounds += 1;
        expect(results.take()).toEqual(one.whole);
        // What was sent twice was the same both times.
        expect(results.changed).toEqual([]);
      }
    };
    await Promise.all(Array.from({ length: LANES }, (_, name) => rounding(name)));
    console.log(`${kills} kills in ${rounds} rounds, every result right`);
  },
  MOST_SECONDS * 1_000,
);

test("without checkpoints the same kills lose what windows had counted, so this test can fail", async () => {
  using folder = temporaryFolder();
  const one = await lane(folder.path, "false");
  await using results = one.results;
  const state = one.graph.begin();
  // In the middle of the work, which takes a second.
  while (await one.graph.live(state, one.lifeMs - 600)) expect.unreachable("it was not killed");
  await one.graph.live(state, undefined);
  expect(results.take()).not.toEqual(one.whole);
}, 60_000);
