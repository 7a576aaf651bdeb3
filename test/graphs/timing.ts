import { expect } from "bun:test";
import { type ExampleProject, lines } from "./example_project.ts";

interface Visit {
  source_id: string;
  payload: { window: { start: string; end: string }; rooms: string[]; bought: boolean };
}

/** What a person sees of the examples that go by event time. */
export const timing = ({ runExample, written }: ExampleProject) => ({
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
});
