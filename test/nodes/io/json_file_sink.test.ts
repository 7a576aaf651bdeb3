import { afterEach, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as v from "valibot";
import { jsonFileSink } from "../../../src/nodes/io/json_file_sink.ts";
import { WholeFloat } from "../../../src/packet/index.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true });
});

function folder() {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), "json-file-sink-"));
  folders.push(made);
  return made;
}

function setup(config: Record<string, unknown> = {}, base = folder()) {
  const started = startNode(jsonFileSink, { dir: "out", ...config }, testContext({ base, nodeId: "files" }));
  const dir = path.join(base, "out");
  return {
    ...started,
    base,
    dir,
    names: () => fs.readdirSync(dir).sort(),
    read: (name: string) => fs.readFileSync(path.join(dir, name), "utf8"),
  };
}

const PREDECESSOR = { spacing: "python", existing: "overwrite", names: "last_segment", atomic: false };

test("json_file_sink writes the payload of each packet to a file of its own", async () => {
  const { node, process, names, read } = setup();
  await process(packet({ kind: "event", source_id: "cam01", payload: { zone: "주차", box: [1, 2] } }));
  await process(packet({ kind: "event", source_id: "cam02", payload: 1 }));
  expect(names()).toEqual(["000000_cam01_event.json", "000001_cam02_event.json"]);
  expect(read("000000_cam01_event.json")).toBe('{\n  "zone": "주차",\n  "box": [\n    1,\n    2\n  ]\n}\n');
  expect(node.metrics?.()).toEqual({ written_total: 2 });
});

test("json_file_sink writes the whole packet on one line when asked", async () => {
  const { process, read } = setup({ body: "packet", indent: 0, filename_template: "{packet_id}.json" });
  await process(packet({ payload: 1 }));
  expect(JSON.parse(read("00000000-0000-7000-8000-000000000001.json"))).toMatchObject({ kind: "raw", payload: 1 });
});

test("json_file_sink fills all fields of the template", async () => {
  const { process, names } = setup({ filename_template: "{{{seq:03d}}}-{kind}-{source_id}-{ts}.json" });
  await process(packet({ ts: "2026-01-01T06:00:00Z" }));
  expect(names()).toEqual(["{000}-raw-test-2026-01-01T06-00-00Z.json"]);
});

test("json_file_sink goes on with seq behind the files of an earlier run", async () => {
  const base = folder();
  for (let run = 0; run < 2; run++) await setup({}, base).process(packet("cam01"));
  fs.writeFileSync(path.join(base, "out", "000041_x_y_z.json"), "");
  const { process, names } = setup({}, base);
  await process(packet("cam01"));
  expect(names()).toEqual([
    "000000_cam01_raw.json",
    "000001_cam01_raw.json",
    "000041_x_y_z.json",
    "000042_cam01_raw.json",
  ]);
});

test("json_file_sink refuses to replace a file and does not use up a number", async () => {
  const { process, read } = setup({ filename_template: "{source_id}.json" });
  await process(packet({ payload: 1 }));
  await expect(process(packet({ payload: 2 }))).rejects.toThrow(/node "files" does not replace .*test\.json/);
  expect(read("test.json")).toBe("1\n");
});

test("json_file_sink replaces files and begins at 0 as the predecessor did when asked", async () => {
  const base = folder();
  for (const payload of [1, 2]) await setup(PREDECESSOR, base).process(packet({ payload }));
  const { names, read } = setup(PREDECESSOR, base);
  expect(names()).toEqual(["000000_test_raw.json"]);
  expect(read("000000_test_raw.json")).toBe("2\n");
});

test("json_file_sink with spacing python keeps whole floats and writes NaN bare", async () => {
  const { process, read } = setup({ spacing: "python", ensure_ascii: true });
  await process(packet({ payload: { area: new WholeFloat(20), part: Number.NaN, name: "é" } }));
  expect(read("000000_test_raw.json")).toBe('{\n  "area": 20.0,\n  "part": NaN,\n  "name": "\\u00e9"\n}\n');
});

test("json_file_sink encodes a source id that would leave the folder", async () => {
  const { process, names, base } = setup();
  await process(packet("../../a\\b"));
  expect(names()).toEqual(["000000_..%2F..%2Fa%5Cb_raw.json"]);
  expect(fs.readdirSync(base)).toEqual(["out"]);
});

test("json_file_sink keeps the last segment of a name as the predecessor did when asked", async () => {
  const { process, names } = setup({ names: "last_segment" });
  await process(packet("../a/b"));
  expect(names()).toEqual(["b_raw.json"]);
});

for (const [what, source_id] of [
  ["the folder itself", ".."],
  ["a name longer than a disk takes", "x".repeat(251)],
] as const) {
  test(`json_file_sink refuses ${what} as a file's name`, async () => {
    const { process, names } = setup({ filename_template: "{source_id}" });
    await expect(process(packet(source_id))).rejects.toThrow("cannot name a file");
    expect(names()).toEqual([]);
  });
}

test("json_file_sink tells the next node where the file is, under meta_key", async () => {
  const { process, on, dir } = setup({ forward: true, meta_key: "saved" });
  await process(packet({ meta: { shift: "night" } }));
  expect(on("out")[0]!.meta).toEqual({
    shift: "night",
    saved: { path: path.join(dir, "000000_test_raw.json"), node_id: "files" },
  });
});

test("json_file_sink leaves no file of a packet that JSON cannot hold", async () => {
  const { process, names } = setup();
  await expect(process(packet({ payload: { n: 1n } }))).rejects.toThrow("payload.n as JSON: it is a bigint");
  expect(names()).toEqual([]);
});

test("json_file_sink writes under another name first", async () => {
  const base = folder();
  const context = testContext({ base });
  const renamed: string[] = [];
  const files: typeof context.files = {
    ...context.files,
    rename(from, to) {
      renamed.push(`${path.basename(from)} ${fs.readFileSync(from, "utf8")}`);
      context.files.rename(from, to);
    },
  };
  await startNode(jsonFileSink, { dir: "out" }, { ...context, files }).process(packet({ payload: 7 }));
  expect(renamed).toEqual([".000000_test_raw.json.tmp 7\n"]);
  expect(fs.readdirSync(path.join(base, "out"))).toEqual(["000000_test_raw.json"]);
});

test("json_file_sink leaves nothing of a file that could not get its name", async () => {
  const base = folder();
  const context = testContext({ base });
  const files: typeof context.files = {
    ...context.files,
    rename() {
      throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
    },
  };
  const { process } = startNode(jsonFileSink, { dir: "out" }, { ...context, files });
  await expect(process(packet())).rejects.toThrow(/cannot write .*000000_test_raw\.json: EACCES/);
  expect(fs.readdirSync(path.join(base, "out"))).toEqual([]);
});

test("json_file_sink names the node and the path when its folder cannot be made", () => {
  const base = folder();
  fs.writeFileSync(path.join(base, "out"), "");
  expect(() => setup({}, base)).toThrow(/node "files" cannot make the folder .*out: E/);
});

test("json_file_sink finds an unknown field and a path in the template before the run", () => {
  const check = (filename_template: string) =>
    jsonFileSink.check(v.parse(jsonFileSink.config, { dir: "out", filename_template }));
  expect(check("{sourceid}.json")).toMatchObject([{ path: ["filename_template"], hint: "did you mean {source_id}?" }]);
  expect(check("a/{seq}.json")).toMatchObject([{ hint: "put the folder into dir" }]);
  expect(check("{seq:04d}_{ts}.json")).toEqual([]);
});
