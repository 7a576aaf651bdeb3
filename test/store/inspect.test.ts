import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { HighWater } from "../../src/store/high_water.ts";
import { entryCodec, inspectQueueFile, openInline } from "../../src/store/index.ts";
import { ROOT } from "../support/binary.ts";
import { virtualClock } from "../support/clock.ts";
import { temporaryFolder } from "../support/folder.ts";
import { packet } from "../support/queues.ts";

/** A folder with a queue of three rows, closed as a run closes it. */
async function setup() {
  const folder = temporaryFolder();
  const file = path.join(folder.path, "q?.sqlite3");
  const open = () => openInline(file, { clock: virtualClock(), onEvent() {}, ballastBytes: 0, minFreeBytes: 0 });
  const queue = await open();
  await queue.enqueue([1, 2, 3].map((at) => entryCodec.encode(packet(at))));
  await queue.close();
  return { file, folder, open, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** Every file of a folder with its bytes. */
const contents = (folder: string) =>
  fs.readdirSync(folder).map((name) => [name, Bun.hash(fs.readFileSync(path.join(folder, name)))]);

test("inspectQueueFile() counts rows, and leaves the folder as it was", async () => {
  using made = await setup();
  const before = contents(made.folder.path);
  expect(inspectQueueFile(made.file)).toMatchObject({ state: "ok", rows: 3, dead: 0 });
  expect(contents(made.folder.path)).toEqual(before);
  await (await made.open()).close();
});

test("inspectQueueFile() reads what a killed process left in the log, and leaves it there", async () => {
  using made = await setup();
  const copy = path.join(made.folder.path, "crashed.sqlite3");
  const queue = await made.open();
  await queue.enqueue([entryCodec.encode(packet(4))]);
  for (const end of ["", "-wal"]) fs.copyFileSync(made.file + end, copy + end);
  await queue.close();
  const before = contents(made.folder.path);
  expect(inspectQueueFile(copy)).toMatchObject({ state: "ok", rows: 4 });
  expect(contents(made.folder.path)).toEqual(before);
});

test("inspectQueueFile() says how many rows a file lost behind everybody's back", async () => {
  using made = await setup();
  const mark = new HighWater(made.file);
  mark.note({ seq: 7 });
  mark.close();
  expect(inspectQueueFile(made.file)).toMatchObject({ rows: 3, tailLost: 4 });
});

test("inspectQueueFile() makes no file", () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "none.sqlite3");
  expect(inspectQueueFile(file)).toEqual({ file, state: "absent" });
  expect(fs.readdirSync(folder.path)).toEqual([]);
});

test("inspectQueueFile() says that a file is busy, and takes no lock from its owner", async () => {
  using made = await setup();
  const queue = await made.open();
  expect(inspectQueueFile(made.file)).toMatchObject({ state: "busy", owner: { pid: process.pid } });
  const module = JSON.stringify(path.join(ROOT, "src/store/index.ts"));
  const script = `const { inspectQueueFile } = await import(${module});
    const { state, owner } = inspectQueueFile(${JSON.stringify(made.file)});
    console.log(state, owner.pid);`;
  const second = Bun.spawnSync([process.execPath, "-e", script]);
  expect(second.stdout.toString()).toBe(`busy ${process.pid}\n`);
  await queue.close();
});

test("inspectQueueFile() tells another database, a damaged one and a newer one", async () => {
  using made = await setup();
  const bytes = fs.readFileSync(made.file);
  const inspect = (change: (bytes: Buffer) => void) => {
    const changed = Buffer.from(bytes);
    change(changed);
    fs.writeFileSync(made.file, changed);
    return inspectQueueFile(made.file).state;
  };
  expect(inspect((file) => file.writeUInt32BE(7, 68))).toBe("foreign");
  expect(inspect((file) => file.writeUInt32BE(99, 60))).toBe("newer");
  expect(inspect((file) => file.fill(0xff, 4_096))).toBe("damaged");
  fs.writeFileSync(made.file, "not a database at all, but some text that somebody wrote into a file of this name");
  expect(inspectQueueFile(made.file).state).toBe("foreign");
  fs.writeFileSync(made.file, "");
  expect(inspectQueueFile(made.file).state).toBe("foreign");
});
