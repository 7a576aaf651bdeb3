import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { inflateSync } from "node:zlib";
import { snapshotSink } from "../../../src/nodes/vision/snapshot_sink.ts";
import { type FrameSlot, ownMemory } from "../../../src/packet/index.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const at = (sec: number) => new Date(Date.UTC(2026, 0, 1, 6) + sec * 1_000).toISOString();

function frame(sec: number, { source_id = "cam01", shade = 0, memory = new SharedArrayBuffer(64 * 48) } = {}) {
  const data = new Uint8Array(memory).fill(shade);
  const payload = { width: 64, height: 48, format: "gray", stride: 64, data, frame_idx: sec };
  return packet({ kind: "frame", source_id, ts: at(sec), payload });
}

const event = (sec: number, payload: object = {}, source_id = "cam01") =>
  packet({
    ...{ kind: "event", source_id, ts: at(sec) },
    payload: { site_id: "S001", camera_id: source_id, track_id: 7, snapshot_path: null, ...payload },
  });

function setup(base: string, config: Record<string, unknown> = {}, context = testContext({ base })) {
  const started = startNode(snapshotSink, { min_free: 0, ...config }, context);
  const { process, on, node } = started;
  return {
    node,
    context,
    see: (one: ReturnType<typeof frame>) => process(one, "frames"),
    async hear(one: ReturnType<typeof event>) {
      await process(one, "events");
      return (on("out").at(-1)!.payload as { snapshot_path: string | null }).snapshot_path;
    },
  };
}

test("snapshot_sink writes the frame of an event's very time, by the predecessor's path rules", async () => {
  using folder = temporaryFolder();
  const { see, hear } = setup(folder.path);
  await see(frame(0, { shade: 10 }));
  await see(frame(1, { shade: 200 }));
  await see(frame(2, { shade: 90 }));
  const file = await hear(event(1));
  expect(file).toBe(path.join(folder.path, "snapshots/S001/cam01/2026-01-01T06_00_01_000Z_7.jpg"));
  expect([...fs.readFileSync(file!).subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
  expect(await brightness(file!)).toBeCloseTo(200, -1);
  expect(await hear(event(2, { track_id: null }))).toEndWith("/2026-01-01T06_00_02_000Z.jpg");
});

test("snapshot_sink names pictures for those who read events elsewhere", async () => {
  using folder = temporaryFolder();
  const { see, hear } = setup(folder.path, { public_prefix: "https://box.example/pictures/" });
  await see(frame(0));
  expect(await hear(event(0))).toBe("https://box.example/pictures/S001/cam01/2026-01-01T06_00_00_000Z_7.jpg");
});

test("snapshot_sink takes an older frame within within_sec, and none that is later", async () => {
  using folder = temporaryFolder();
  const { see, hear, node } = setup(folder.path, { within_sec: 2 });
  await see(frame(0, { shade: 10 }));
  await see(frame(5, { shade: 200 }));
  expect(await brightness((await hear(event(2)))!)).toBeCloseTo(10, -1);
  expect(await hear(event(3))).toBeNull();
  expect(node.metrics!()).toMatchObject({ no_frame_total: 1, written_total: 1 });
});

test("snapshot_sink does not show one camera's picture for another's event", async () => {
  using folder = temporaryFolder();
  const { see, hear } = setup(folder.path);
  await see(frame(0, { source_id: "cam01", shade: 10 }));
  await see(frame(0, { source_id: "cam02", shade: 200 }));
  expect(await brightness((await hear(event(0, {}, "cam01")))!)).toBeCloseTo(10, -1);
  expect(await brightness((await hear(event(0, {}, "cam02")))!)).toBeCloseTo(200, -1);
});

test("snapshot_sink takes the only camera's frame for events of another name, and none of several", async () => {
  using folder = temporaryFolder();
  const { see, hear, node } = setup(folder.path);
  await see(frame(0, { source_id: "cam01" }));
  expect(await hear(event(0, {}, "yard"))).not.toBeNull();
  await see(frame(1, { source_id: "cam02" }));
  expect(await hear(event(1, {}, "gate"))).toBeNull();
  expect(node.metrics!()).toMatchObject({ no_frame_total: 1 });
});

test("snapshot_sink keeps no path out of its folder", async () => {
  using folder = temporaryFolder();
  const { see, hear } = setup(folder.path);
  await see(frame(0));
  const file = await hear(event(0, { site_id: "../../etc", camera_id: "..", track_id: "a/b" }));
  expect(path.relative(folder.path, file!)).toBe("snapshots/__.._etc/_/2026-01-01T06_00_00_000Z_a_b.jpg");
});

test("snapshot_sink holds the last frames of each source, and gives back the others", async () => {
  using folder = temporaryFolder();
  const { see, node } = setup(folder.path, { frames: 2 });
  const holders = new Map<number, number>();
  for (let sec = 0; sec < 5; sec++) {
    const memory = new SharedArrayBuffer(64 * 48);
    const count = (by: number) => holders.set(sec, (holders.get(sec) ?? 0) + by);
    const slot: FrameSlot = { retain: () => void count(1), release: () => void count(-1) };
    ownMemory(memory, slot);
    await see(frame(sec, { memory }));
  }
  expect([...holders.values()]).toEqual([0, 0, 0, 1, 1]);
  await node.close!();
  expect([...holders.values()]).toEqual([0, 0, 0, 0, 0]);
});

test("snapshot_sink lets the oldest pictures make room, also those of an earlier run", async () => {
  using folder = temporaryFolder();
  fs.mkdirSync(path.join(folder.path, "snapshots/old"), { recursive: true });
  const old = path.join(folder.path, "snapshots/old/2020-02-01T00_00_00Z.jpg");
  const strange = path.join(folder.path, "snapshots/notes.txt");
  fs.writeFileSync(old, Buffer.alloc(1_500));
  fs.writeFileSync(strange, Buffer.alloc(9_000));
  fs.utimesSync(old, new Date(2_020, 1), new Date(2_020, 1));
  const { see, hear, node } = setup(folder.path, { max_bytes: 2_000, keep_days: 0 });
  await see(frame(0));
  const first = await hear(event(0));
  expect(fs.existsSync(old)).toBe(false);
  expect(fs.existsSync(strange)).toBe(true);
  for (let sec = 1; sec < 9; sec++) {
    await see(frame(sec));
    await hear(event(sec));
  }
  expect(fs.existsSync(first!)).toBe(false);
  expect(node.metrics!().kept_bytes!).toBeLessThanOrEqual(2_000);
});

test("snapshot_sink removes nothing that it did not make, and nothing out of its folder", () => {
  using folder = temporaryFolder();
  const [photos, snapshots] = ["photos", "snapshots"].map((name) => path.join(folder.path, name)) as [string, string];
  fs.mkdirSync(photos);
  fs.mkdirSync(path.join(snapshots, "lost+found"), { recursive: true });
  const files = [path.join(photos, "2020-02-01T00_00_00Z.jpg"), path.join(snapshots, "holiday.jpg")];
  for (const file of files) fs.writeFileSync(file, "x");
  for (const file of files) fs.utimesSync(file, new Date(2_020, 1), new Date(2_020, 1));
  // To other files, round in a circle, and to nothing.
  for (const [name, to] of [
    ["archive", photos],
    ["loop", "."],
    ["2020-02-02T00_00_00Z.jpg", "/nowhere"],
  ] as const)
    fs.symlinkSync(to, path.join(snapshots, name));
  const context = testContext({ base: folder.path });
  const { list } = context.files;
  const guarded = (dir: string) => {
    if (dir.endsWith("lost+found")) throw new Error("EACCES: permission denied");
    return list(dir);
  };
  const { node } = setup(folder.path, {}, { ...context, files: { ...context.files, list: guarded } });
  expect(files.map((file) => fs.existsSync(file))).toEqual([true, true]);
  expect(node.metrics!()).toMatchObject({ kept_files: 0, removed_total: 0 });
  expect(context.logged.map(({ message }) => message)).toEqual(["a folder cannot be looked through; its files stay"]);
});

test("snapshot_sink writes two pictures of one time at once, each whole", async () => {
  using folder = temporaryFolder();
  const { see, hear, node } = setup(folder.path);
  await see(frame(0));
  const [one, two] = await Promise.all([hear(event(0)), hear(event(0))]);
  expect(one).toBe(two!);
  expect(node.metrics!()).toMatchObject({ failed_total: 0, written_total: 2, kept_files: 1 });
  expect(fs.readdirSync(path.dirname(one!))).toEqual([path.basename(one!)]);
});

test("snapshot_sink removes pictures older than keep_days when it starts", () => {
  using folder = temporaryFolder();
  const old = path.join(folder.path, "snapshots/2020-02-01T00_00_00Z.jpg");
  fs.mkdirSync(path.dirname(old));
  fs.writeFileSync(old, "x");
  const context = testContext({ base: folder.path });
  fs.utimesSync(old, new Date(), new Date(context.clock.nowMs() - 31 * 86_400_000));
  const { node } = setup(folder.path, {}, context);
  expect(fs.existsSync(old)).toBe(false);
  expect(node.metrics!()).toMatchObject({ removed_total: 1, kept_files: 0 });
});

test("snapshot_sink lets an event go on when the disk has no room, and says so", async () => {
  using folder = temporaryFolder();
  const context = testContext({ base: folder.path });
  const full = { ...context, files: { ...context.files, freeBytes: () => 1_000 } };
  const { see, hear, node } = setup(folder.path, { min_free: "1MiB" }, full);
  await see(frame(0));
  expect(await hear(event(0))).toBeNull();
  expect(node.metrics!()).toMatchObject({ failed_total: 1, written_total: 0 });
  expect(context.logged[0]!.fields!.error).toContain("the disk has 1000 bytes left and min_free is 1048576");
});

test("snapshot_sink removes no picture when all of them would not make room on the disk", async () => {
  using folder = temporaryFolder();
  const context = testContext({ base: folder.path });
  let free = 10 * 1024 ** 2;
  const disk = { ...context, files: { ...context.files, freeBytes: () => free } };
  const { see, hear, node } = setup(folder.path, { min_free: "1MiB" }, disk);
  await see(frame(0));
  const kept = await hear(event(0));
  // Somebody else has filled it.
  free = 1_000;
  await see(frame(1));
  expect(await hear(event(1))).toBeNull();
  expect(fs.existsSync(kept!)).toBe(true);
  expect(node.metrics!()).toMatchObject({ kept_files: 1, removed_total: 0, failed_total: 1 });
});

/** Mean shade of a picture, 0…255. */
async function brightness(file: string): Promise<number> {
  const png = Buffer.from(await new Bun.Image(file).resize(1, 1).png({ compressionLevel: 0 }).bytes());
  const at = png.indexOf("IDAT");
  return inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))[1]!;
}
