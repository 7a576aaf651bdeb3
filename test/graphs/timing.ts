import { expect } from "bun:test";
import { type ExampleProject, freePort, lines } from "./example_project.ts";

interface Summary {
  key: string;
  count: number;
  window: { start: string };
  [field: string]: unknown;
}

/** A server that takes results of windows: what came, by the key it came with. */
function backend() {
  const got = new Map<string, Summary>();
  let next = Promise.withResolvers<void>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      got.set(request.headers.get("idempotency-key")!, (await request.json()) as Summary);
      next.resolve();
      next = Promise.withResolvers();
      return new Response();
    },
  });
  return {
    url: server.url.href,
    got: () => [...got.values()],
    async has(count: number) {
      while (got.size < count) await next.promise;
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** Posts a reading of a meter as soon as somebody listens, and gives the status. */
async function post(url: string, minute: number, wh: number): Promise<number> {
  const headers = {
    ...{ "content-type": "application/json", "ce-specversion": "1.0", "ce-type": "sensor" },
    ...{
      "ce-id": `m1/${minute}`,
      "ce-source": "m1",
      "ce-time": new Date(Date.UTC(2026, 4, 1, 6, minute)).toISOString(),
    },
  };
  for (let tries = 0; ; tries++) {
    try {
      const { status } = await fetch(url, { method: "POST", headers, body: JSON.stringify({ wh }) });
      return status;
    } catch (error) {
      if (tries === 200) throw error;
      await Bun.sleep(25);
    }
  }
}

interface Visit {
  source_id: string;
  payload: { window: { start: string; end: string }; rooms: string[]; bought: boolean };
}

/** What a person sees of the examples that go by event time. */
export const timing = ({ path, runExample, written }: ExampleProject) => ({
  async session_windows(name: string) {
    const { code, report, printed } = await runExample(name);
    expect([code, report.status, printed]).toEqual([0, "ok", []]);
    const visits = lines(written("visits.jsonl")).map((line) => JSON.parse(line) as Visit);
    expect(visits.map(({ source_id, payload }) => [source_id, payload.window.end, ...payload.rooms])).toEqual([
      ["guide_2", "2026-06-06T10:04:25.000Z", "entrance", "sculpture"],
      ["guide_1", "2026-06-06T10:07:15.000Z", "entrance", "sculpture", "impressionists", "modern", "shop"],
      ["guide_2", "2026-06-06T10:09:50.000Z", "modern", "shop"],
      ["guide_3", "2026-06-06T10:14:35.000Z", "entrance", "sculpture"],
      ["guide_1", "2026-06-06T10:14:50.000Z", "entrance", "modern", "shop"],
    ]);
    expect(visits.map(({ payload }) => payload.bought)).toEqual([false, true, true, false, true]);
  },
  async sensor_alarm(name: string) {
    const { code, report, printed } = await runExample(name);
    expect([code, report.status]).toEqual([0, "ok"]);
    // The door of cell_1 was open for two minutes, which is less than five.
    expect(printed).toEqual([
      '2026-06-06T05:32:00Z event cell_2 {"state":"on","value":-10.5,"since":"2026-06-06T05:27:00.000Z","on":-12,"off":-16}',
      '2026-06-06T06:17:00Z event cell_2 {"state":"off","value":-16.2,"since":"2026-06-06T06:17:00.000Z","on":-12,"off":-16}',
    ]);
    const means = lines(written("cold_store_means.jsonl")).map((line) => JSON.parse(line));
    expect(means.map(({ key, count }) => [key, count])).toEqual(
      Array.from({ length: 18 }, () => [
        ["cell_1", 10],
        ["cell_2", 10],
      ]).flat() as never,
    );
    expect(means.find(({ max }) => max > -12)).toMatchObject({
      key: "cell_1",
      window: { start: "2026-06-06T04:30:00.000Z" },
    });
  },
  async edge_aggregation(name: string) {
    await using to = backend();
    const { code, report, printed } = await runExample(name, "--set", `vars.backend=${to.url}`, "--state-dir", path);
    expect([code, report.status, printed]).toEqual([0, "ok", []]);
    // Two cells, three hours: 24 requests in place of 360.
    expect(to.got().map(({ key, count }) => `${key} ${count}`)).toEqual(
      Array.from({ length: 12 }, () => ["cell_1 15", "cell_2 15"]).flat(),
    );
    expect(to.got()[0]).toMatchObject({ window: { start: "2026-06-06T04:00:00.000Z" }, mean: expect.closeTo(-20, 0) });
  },
  async meter_totals(name: string) {
    await using to = backend();
    const listen = `127.0.0.1:${freePort()}`;
    const settings = ["--set", `vars.listen=${listen}`, "--set", `vars.backend=${to.url}`, "--state-dir", path];
    const take = async (minutes: readonly number[]) => {
      for (const minute of minutes) expect(await post(`http://${listen}/readings`, minute, 120)).toBe(202);
    };
    const first = runExample(name, ...settings, "--max-packets", "2");
    await take([0, 59]);
    expect((await first).report.status).toBe("ok");
    // The second run knows what the first one counted.
    const second = runExample(name, ...settings, "--max-packets", "4");
    await take([61, 119, 130]);
    await to.has(2);
    await take([131]);
    const { code, report } = await second;
    expect([code, report.status, to.got().map(({ wh }) => wh)]).toEqual([0, "ok", [240, 240]]);
  },
});
