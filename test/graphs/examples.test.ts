import { afterAll, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { ROOT, run } from "../support/binary.ts";
import { needs, type PartName } from "../support/part.ts";
import { exampleProject, freePort, lines } from "./example_project.ts";
import { gates } from "./gates.ts";
import { hearing } from "./hearing.ts";
import { joining } from "./joining.ts";
import { seeing } from "./seeing.ts";
import { timing } from "./timing.ts";

const project = exampleProject();
afterAll(() => project[Symbol.dispose]());
const { runExample, written } = project;

const golden = (name: string) => fs.readFileSync(path.join(ROOT, "test/golden", name, "out.jsonl"), "utf8");

/** Posts as soon as somebody listens. */
async function post(url: string, body: unknown, key: string): Promise<Response> {
  const headers = { "content-type": "application/json", "idempotency-key": key };
  for (let tries = 0; ; tries++) {
    try {
      return await fetch(url, { method: "POST", body: JSON.stringify(body), headers });
    } catch (error) {
      if (tries === 200) throw error;
      await Bun.sleep(25);
    }
  }
}

/** What a person sees of each example, by its name. */
const EXAMPLES: Record<string, (name: string) => Promise<void>> = {
  ...gates(project),
  ...hearing(project),
  ...joining(project),
  ...seeing(project),
  ...timing(project),
  async weather_alarm(name) {
    const { code, report } = await runExample(name);
    expect([code, report.status, report.metrics["packets.source_emitted_total"]]).toEqual([0, "ok", 1461]);
    expect(written("weather_alarms.jsonl")).toBe(golden(name));
  },
  async two_yards(name) {
    const { code, report } = await runExample(name);
    expect([code, report.status]).toEqual([0, "ok"]);
    const events = lines(written("two_yards.jsonl")).map((line) => JSON.parse(line));
    expect(events.map(({ site_id, ts }) => `${site_id} ${ts.slice(17, 19)}`)).toEqual([
      "front 00",
      "back 00",
      "front 01",
      "front 02",
      "back 02",
    ]);
    expect(report.metrics["node.back/some.consumed"]).toBe(3);
  },
  async vision_e2e_mock(name) {
    const { code, report } = await runExample(name);
    expect([code, report.status]).toEqual([0, "ok"]);
    expect(written("vision_events.jsonl")).toBe(golden(name));
  },
  async pid(name) {
    const { code, report } = await runExample(name);
    expect([code, report.status]).toEqual([0, "ok"]);
    expect(written("pid.jsonl")).toBe(golden(name));
    const steps: { measurement: number; setpoint: number; value: number }[] = lines(golden(name)).map((line) =>
      JSON.parse(line),
    );
    expect(steps).toHaveLength(240);
    // From 15 to 60 degrees, then to 75: within 2 % of the way for good after 35 s and 25 s, 0.1 degrees over it at most.
    for (const [second, { measurement, setpoint, value }] of steps.entries()) {
      expect(measurement).toBeLessThan(setpoint + 0.1);
      expect(value).toBeWithin(0, 100.001);
      if (second >= 35 && second < 120) expect(measurement).toBeGreaterThan(60 - 0.9);
      if (second >= 145) expect(measurement).toBeGreaterThan(75 - 0.3);
    }
    expect([steps[119]!.measurement, steps[239]!.measurement]).toEqual([expect.closeTo(60, 2), expect.closeTo(75, 2)]);
  },
  async rate_guard(name) {
    const { report, printed } = await runExample(name);
    expect(printed.map((line) => line.replace(/^(to the backend {2})\S+ /, "$1"))).toEqual([
      'to the backend  sensor chatty {"i":0}',
      'to the backend  sensor calm {"i":0}',
      'to the backend  sensor chatty {"i":1}',
      'to the backend  sensor calm {"i":1}',
      'to the backend  sensor chatty {"i":2}',
    ]);
    expect(lines(written("overflow.jsonl")).map((line) => JSON.parse(line).payload.i)).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect(report.metrics["packets.dropped_total"]).toBe(0);
  },
  async sensor_check(name) {
    const { code, report, printed } = await runExample(name);
    expect(printed.map((line) => line.replace(/ \{.*/, ""))).toEqual([
      "start the heater 2026-05-01T06:00:00Z sensor bed_1",
      "pull the shade   2026-05-01T14:00:00Z sensor bed_1",
    ]);
    expect(lines(written("refused.jsonl")).map((line) => JSON.parse(line).meta.schema_errors[0].message)).toEqual([
      "must be number",
      "must have required property 'celsius'",
      "must be <= 100",
    ]);
    expect([code, report.status, report.dead_letters.first[0].reason]).toEqual([
      0,
      "degraded",
      expect.stringContaining("greenhouse.jsonl:7 the line is not JSON"),
    ]);
  },
  async heat_watch(name) {
    const { code, report, printed } = await runExample(name);
    expect([code, report.status, printed.length]).toEqual([0, "ok", 36]);
    expect(printed.slice(0, 2)).toEqual([
      '2012-08-05 event station {"state":"high","value":31.666666666666668,"above":29,"below":26}',
      '2012-08-08 event station {"state":"low","value":23.86666666666667,"above":29,"below":26}',
    ]);
  },
  async store_and_forward(name) {
    const backend = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => Response.json(await got(request)),
    });
    const seen: unknown[] = [];
    const got = async (request: Request) => seen.push(await request.json(), request.headers.get("idempotency-key"));
    const listen = `127.0.0.1:${freePort()}`;
    const running = runExample(
      name,
      ...["--set", `vars.listen=${listen}`, "--set", `vars.backend=${backend.url}`],
      ...["--state-dir", project.path, "--max-packets", "1"],
    );
    expect((await post(`http://${listen}/events`, { door: "open" }, "1")).status).toBe(202);
    const { code, report } = await running;
    expect([code, report.status, seen]).toEqual([0, "ok", [{ door: "open" }, "1"]]);
    await backend.stop(true);
  },
  async low_power(name) {
    const seen: unknown[] = [];
    const backend = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => Response.json(seen.push(await request.json())),
    });
    const flags = ["--set", `vars.backend=${backend.url}`, "--state-dir", project.path];
    const { code, report } = await runExample(name, ...flags);
    await backend.stop(true);
    expect([code, report.status, report.profile]).toEqual([0, "ok", "cabin"]);
    expect(seen).toEqual([{ celsius: 3.9 }, { celsius: 4.6 }, { celsius: 5.4 }]);
    expect(report.inboxes.map(({ node, capacity }: { node: string; capacity: number }) => [node, capacity])).toEqual([
      ["changed", 64],
      ["backend", 8],
    ]);
  },
  async follow_log(name) {
    fs.mkdirSync(path.join(project.path, "graphs/outputs"), { recursive: true });
    const log = path.join(project.path, "graphs/outputs/app.log");
    fs.writeFileSync(log, "INFO up\nWARN disk 91 %\nERROR disk full\nINFO down\n");
    const { report, printed } = await runExample(name, "--max-packets", "4");
    expect(printed.toSorted()).toEqual(['error   {"line":"ERROR disk full"}', 'warning {"line":"WARN disk 91 %"}']);
    expect(report.stop_reason).toBe("max_packets");
  },
};

/** What an example needs from the machine. */
const PARTS: Record<string, readonly PartName[]> = {
  people_in_zone: ["opencv_doc"],
  camera: ["ffmpeg", "opencv_doc"],
  two_cameras_one_model: ["ffmpeg", "opencv_doc"],
  doorbell: ["ffmpeg"],
  face_blur: ["ffmpeg"],
  follow_person: ["ffmpeg", "opencv_doc"],
  timelapse: ["ffmpeg", "opencv_doc"],
};

/** Those in parts/ run where a graph uses them, and tests of graphs by `schnitzel test`. */
const graphs = [...new Bun.Glob("**/*.yaml").scanSync({ cwd: path.join(ROOT, "graphs") })]
  .filter((file) => !file.startsWith("parts/") && !file.endsWith(".test.yaml"))
  .map((file) => file.replace(/\.yaml$/, ""))
  .sort();

test("every example has a test that runs it", () => {
  expect(Object.keys(EXAMPLES).sort()).toEqual(graphs);
});

test("all examples validate, resources included", async () => {
  // What a person brings; that a video can be read is seen when it is.
  for (const video of ["street.mp4", "lobby.mp4"]) fs.writeFileSync(path.join(project.path, "graphs", video), "");
  const { code, stdout } = await run(["validate", "graphs", "--strict", "--json"], { cwd: project.path });
  const { files } = JSON.parse(stdout);
  expect({ code, found: files.flatMap((file: { diagnostics: unknown[] }) => file.diagnostics) }).toEqual({
    code: 0,
    found: [],
  });
  expect(files.length).toBe(graphs.length);
});

test("the tests of the examples hold", async () => {
  const { code, stdout, stderr } = await run(["test", "graphs"], { cwd: project.path });
  expect({ code, stderr, failed: stdout.match(/^ *FAIL.*/gm) }).toEqual({ code: 0, stderr: "", failed: null });
}, 60_000);

for (const [name, check] of Object.entries(EXAMPLES)) {
  needs(...(PARTS[name] ?? []))(`the example ${name} does what it says`, () => check(name), 60_000);
}
