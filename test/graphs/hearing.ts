import { expect } from "bun:test";
import { type ExampleProject, lines } from "./example_project.ts";

/** What is said in graphs/data/at_the_door.opus, in seconds; its README tells how it was made. */
const SPOKEN = [
  [2, 5.24],
  [7.24, 9.84],
] as const;
/** Begin and end were found within 0.11 s, padding included. */
const OFF_SEC = 0.15;

/** The examples that listen: what a person gets of each, by its name. */
export const hearing = (project: ExampleProject): Record<string, (name: string) => Promise<void>> => ({
  async voice_activity(name) {
    const { code, report, printed } = await project.runExample(
      name,
      "--set",
      "nodes.hall.config.start_ts=2026-01-01T00:00:00Z",
    );
    expect([code, report.status]).toEqual([0, "ok"]);
    const events = lines(project.written("voice_activity.jsonl")).map((line) => JSON.parse(line));
    const second = ({ ts }: { ts: string }) => (Date.parse(ts) - Date.parse("2026-01-01T00:00:00Z")) / 1_000;
    const speech = events.filter(({ object_type }) => object_type === "SPEECH");
    expect(speech.map(({ event_type }) => event_type)).toEqual(
      SPOKEN.flatMap(() => ["SPEECH_STARTED", "SPEECH_ENDED"]),
    );
    for (const [at, spoken] of SPOKEN.flat().entries()) {
      expect(Math.abs(second(speech[at]) - spoken)).toBeLessThan(OFF_SEC);
    }
    expect(events.filter(({ event_type }) => event_type === "LOUD_SOUND").map(second)).toEqual([2, 7]);
    // The noise that the file was made with has -55 dBFS over its whole band; opus keeps half of it.
    const levels = printed.map((line) => JSON.parse(line.slice(line.indexOf("{"))).rms_dbfs as number);
    expect(levels.map((level) => level > -50)).toEqual([0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 0].map(Boolean));
  },
});
