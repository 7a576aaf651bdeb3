import { expect } from "bun:test";
import { type ExampleProject, lines } from "./example_project.ts";

type Sensors = Record<string, { distance_cm: number; interpolated?: boolean }>;

/** What a person sees of the examples that join streams and tables. */
export const joining = ({ runExample, written }: ExampleProject) => ({
  async camera_ultrasonic_fusion(name: string) {
    const { code, report, printed } = await runExample(name);
    expect([code, report.status]).toEqual([0, "ok"]);
    expect(printed).toEqual([
      'too near 2026-05-04T08:00:03.980Z event dock_1 {"track":3,"cm":102}',
      'too near 2026-05-04T08:00:04.900Z event dock_1 {"track":3,"cm":51}',
      'too near 2026-05-04T08:00:05.150Z event dock_1 {"track":3,"cm":54}',
    ]);
    const events = lines(written("dock_events.jsonl")).map(
      (line) => JSON.parse(line) as { ts: string; sensors: Sensors },
    );
    expect(events.map(({ sensors }) => Object.keys(sensors).length)).toEqual([2, 2, 2, 2, 2, 1, 1, 1, 1]);
    // The sensor passed 320 cm at 8:00:00 and comes nearer by 55 cm a second.
    for (const { ts, sensors } of events.slice(0, 5)) {
      const seconds = Number(ts.slice(17, 23));
      expect(Math.abs(sensors.front!.distance_cm - (320 - 55 * seconds))).toBeLessThan(2);
    }
    expect(report.metrics).toMatchObject({
      "node.fusion.fusion_attempts_total": 9,
      "node.fusion.fusion_hits_total": 9,
      "node.fusion.sensor_rear_stale": 1,
    });
  },
  async enrichment(name: string) {
    const { code, printed } = await runExample(name);
    expect([code, printed]).toEqual([
      0,
      [
        '{"time":"2026-05-01T14:00:00Z","sensor":"bed_1","celsius":31.5,"humidity":44,"bed":{"plant":"tomato","max_celsius":30,"gardener":"Ada, Ben"}}',
      ],
    ]);
    const unknown = lines(written("unknown_beds.jsonl")).map((line) => JSON.parse(line));
    expect(unknown.map(({ source_id, meta }) => [source_id, meta.lookup])).toEqual([
      ["bed_2", "missed"],
      ["bed_2", "missed"],
      ["bed_2", "missed"],
    ]);
  },
});
