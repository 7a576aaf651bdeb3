import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { JOB_FILE } from "../support/migration.ts";
import { makeClip } from "../support/video_clips.ts";

const SETTINGS = `app: { site_id: S001 }
model: { mode: mock }
zones: { source: none }
cameras: [{ id: cam01, source: { path: data/yard.mp4 } }]
`;

/** A project with a job over a clip of ten pictures, ten a second. */
function yard() {
  const project = folderWith({ "job.yaml": JOB_FILE, "configs/default.yaml": SETTINGS, "data/note": "" });
  makeClip(project.at("data"), "yard.mp4", { frames: 10 });
  return project;
}

/** The event that version 1's mock model made of a frame, but for its random id, its time and its arrival. */
const mockEvent = (index: number) => ({
  site_id: "S001",
  camera_id: "cam01",
  event_type: "ZONE_INTRUSION",
  object_type: "PERSON",
  severity: "LOW",
  track_id: index % 100,
  bbox: { x1: 10 + (index % 100), y1: 20, x2: 200, y2: 260 },
  confidence: 0.75,
  zone: { zone_id: "", inside: false },
  snapshot_path: null,
  sensor: null,
});

const payloads = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => {
      const { event_id: _, ts: __, ...event } = JSON.parse(line);
      return event;
    });

describe("schnitzel migrate", () => {
  test("writes a graph beside a job, which runs and sends the events that the job sent", async () => {
    using project = yard();
    const migrated = await run(["migrate", "job.yaml", "--write", "--", "--output-jsonl", "events.jsonl"], {
      cwd: project.folder,
    });
    expect(migrated).toMatchObject({ code: 0, stdout: "wrote job.v2.yaml\nnext:\n  schnitzel run job.v2.yaml\n" });
    expect(migrated.stderr).toContain("configs/default.yaml:2:10 model.mode: the mock model counted the frames it saw");
    const ran = await run(["run", "job.v2.yaml"], { cwd: project.folder });
    expect(`${ran.code} ${ran.stderr}`).toStartWith("0 ");
    const events = payloads(fs.readFileSync(project.at("events.jsonl"), "utf8"));
    expect(events).toEqual(Array.from({ length: 10 }, (_, index) => mockEvent(index)));
  });

  test("overwrites nothing", async () => {
    using project = yard();
    fs.writeFileSync(project.at("job.v2.yaml"), "mine");
    const { code, stderr } = await run(["migrate", "job.yaml", "--write"], { cwd: project.folder });
    expect(code).toBe(2);
    expect(stderr).toContain("job.v2.yaml would be overwritten");
    expect(stderr).not.toContain("--force");
    expect(fs.readFileSync(project.at("job.v2.yaml"), "utf8")).toBe("mine");
  });

  test("writes through no link, also to where nothing is yet", async () => {
    using project = yard();
    fs.symlinkSync("elsewhere.yaml", project.at("job.v2.yaml"));
    const { code, stderr } = await run(["migrate", "job.yaml", "--write"], { cwd: project.folder });
    expect(code).toBe(2);
    expect(stderr).toContain("job.v2.yaml would be overwritten");
    expect(fs.existsSync(project.at("elsewhere.yaml"))).toBe(false);
  });

  test("is wrong about no line of the old file when it is the new one that is refused", async () => {
    using project = yard();
    fs.appendFileSync(project.at("configs/default.yaml"), "events: { post_url: 'http://h/{{x' }\n");
    for (const command of ["migrate", "validate"]) {
      const { code, stderr } = await run([command, "job.yaml"], { cwd: project.folder });
      expect(`${command} ${code}`).toBe(`${command} 2`);
      expect(stderr).not.toMatch(/^job(\.v2)?\.yaml:\d+:\d+ CONFIG/m);
      expect(stderr).toMatch(/^\S+\.yaml \((migrated|not written)\):\d+:\d+ CONFIG/m);
    }
  });

  test("tells it all as JSON, and writes where it is told to", async () => {
    using project = yard();
    const { code, stdout } = await run(["migrate", "job.yaml", "--json", "--out", "graphs/yard.yaml"], {
      cwd: project.folder,
    });
    expect(code).toBe(0);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({
      schema_version: 1,
      kind: "job",
      ok: true,
      written: "graphs/yard.yaml",
      run_flags: [],
    });
    expect(told.left_out[0]).toMatchObject({
      key: expect.any(String),
      reason: expect.any(String),
      place: { line: expect.any(Number) },
    });
    expect(fs.readFileSync(project.at("graphs/yard.yaml"), "utf8")).toBe(told.graph);
    expect(told.graph).toContain("../data/yard.mp4");
    expect((await run(["validate", "graphs/yard.yaml"], { cwd: project.folder })).code).toBe(0);
  });

  test("leaves a graph of ours alone, and says what is wrong with a job at its place", async () => {
    using project = yard();
    await run(["migrate", "job.yaml", "--write"], { cwd: project.folder });
    const again = await run(["migrate", "job.v2.yaml", "--write"], { cwd: project.folder });
    expect(again).toMatchObject({ code: 0, stdout: "", stderr: "job.v2.yaml needs no migration\n" });
    expect(fs.existsSync(project.at("job.v2.v2.yaml"))).toBe(false);
    const env = { AI_INGEST_FPS_LIMIT: "ten" };
    const wrong = await run(["migrate", "job.yaml", "--", "--camera-id", "x"], { cwd: project.folder, env });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("<environment>:1:21 MIGRATE_VALUE");
    expect(wrong.stderr).toContain("<flags>:1:13 MIGRATE_VALUE");
  });
});

test("schnitzel validate and run migrate a job in memory, and say so once", async () => {
  using project = yard();
  const checked = await run(["validate", "job.yaml"], { cwd: project.folder });
  expect(checked).toMatchObject({ code: 0, stdout: "job.yaml: ok, 6 nodes, 5 edges\n" });
  const ran = await run(["run", "job.yaml"], { cwd: project.folder });
  expect(ran.code).toBe(0);
  expect(payloads(ran.stdout)).toHaveLength(10);
  for (const { stderr } of [checked, ran]) {
    expect(stderr.match(/is a version 1 job: migrated in memory/g)).toHaveLength(1);
  }
  expect(fs.readdirSync(project.folder).sort()).toEqual(["configs", "data", "job.yaml"]);
});

test("--max-graph-bytes is for the files of configs/ as well", async () => {
  using project = yard();
  fs.appendFileSync(project.at("configs/default.yaml"), `#${"x".repeat(1_100_000)}\n`);
  for (const command of ["migrate", "validate"]) {
    const refused = await run([command, "job.yaml"], { cwd: project.folder });
    expect(refused.stderr).toContain("FILE_TOO_LARGE");
    expect(refused.code).toBe(2);
    expect((await run([command, "job.yaml", "--max-graph-bytes", "2MiB"], { cwd: project.folder })).code).toBe(0);
  }
});

test("a job's serial sensor speaks by standard input, in maps and in bare numbers, and other lines are set aside", async () => {
  using project = yard();
  const adapter = "ai.plugins.sensors.serial_ultrasonic:SerialUltrasonicSensorSource";
  const sensor = `sensor: { enabled: true, adapter: "${adapter}", emit_events: true }\n`;
  fs.appendFileSync(project.at("configs/default.yaml"), sensor);
  const { stdout, stderr } = await run(["run", "job.yaml"], {
    ...{ cwd: project.folder, env: { AI_SERIAL_PORT: "/dev/ttyUSB0" } },
    stdin: '{"distance_cm": 4}\n42.5\ndistance_cm=17\n',
  });
  const sensors = payloads(stdout).filter((event) => event.event_type === "SENSOR_EVENT");
  expect(sensors.map((event) => event.sensor.distance_cm)).toEqual([4, 42.5]);
  expect(sensors[1].sensor).toMatchObject({ sensor_id: "serial_ultrasonic", sensor_type: "ultrasonic" });
  expect(stderr.match(/set aside/g)).toHaveLength(1);
  const told = await run(["migrate", "job.yaml"], { cwd: project.folder, env: { AI_SERIAL_PORT: "/dev/tty B; x" } });
  expect(told.stderr).toContain("< '/dev/tty B; x'");
  expect(told.stderr).toContain("key=value");
});

test("schnitzel run takes a process graph as one graph, whose rows go over a durable edge", async () => {
  const D = "schnitzel_stream.nodes";
  const node = (id: string, kind: string, plugin: string, config: string) =>
    `  - { id: ${id}, kind: ${kind}, plugin: "${D}.${plugin}", config: ${config} }\n`;
  const SQL = "durable_sqlite:SqliteQueue";
  using project = folderWith({
    "all.yaml": `version: 1
processes: [{ id: p, graph: producer.yaml }, { id: c, graph: consumer.yaml }]
channels: [{ id: q, kind: sqlite_queue, path: q.sqlite3, require_ack: true }]
links: [{ producer: p, consumer: c, channel: q }]
`,
    "producer.yaml": `version: 2\nnodes:\n${
      node("src", "source", "dev:StaticSource", "{ packets: [{ payload: 1 }, { payload: 2 }] }") +
      node("keep", "sink", `${SQL}Sink`, "{ path: q.sqlite3 }")
    }edges: [{ from: src, to: keep }]\n`,
    "consumer.yaml": `version: 2\nnodes:\n${
      node("in", "source", `${SQL}Source`, "{ path: q.sqlite3 }") +
      node("out", "node", "dev:PrintSink", "{ forward: true }") +
      node("ack", "sink", `${SQL}AckSink`, "{ path: q.sqlite3 }")
    }edges: [{ from: in, to: out }, { from: out, to: ack }]\n`,
  });
  const ran = await run(["run", "all.yaml", "--state-dir", "state"], { cwd: project.folder });
  expect(ran.code).toBe(0);
  expect(
    ran.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).payload),
  ).toEqual([1, 2]);
  expect(ran.stderr).toContain("all.yaml is a process graph: migrated in memory");
  expect(fs.existsSync(project.at("q.sqlite3"))).toBe(false);
});
