/**
 * The disk becomes read-only while the queue is written, as ext4 makes it after an error; it is repaired and mounted
 * again, and at last read-only from the start. Prints what was committed and what came of each open.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { openFile } from "../../src/store/open_file.ts";
import { codeOf, keysIn, queueFileOptions, write } from "./store_writer.ts";

const place = process.argv[2]!;
const point = path.join(place, "on");
const events: string[] = [];
const run = (...command: string[]) => {
  const ran = Bun.spawnSync(command);
  // e2fsck says 1 for "errors were corrected".
  if (ran.exitCode > 1) throw new Error(`${command.join(" ")}: ${ran.stderr}`);
};

/** `/dev/loop3`, from the line of this mount. */
function deviceOf(mounted: string): string {
  const line = fs
    .readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((text) => text.split(" ")[4] === mounted)!;
  return line.split(" - ")[1]!.split(" ")[1]!;
}

const attempt = (call: () => void): string => {
  try {
    call();
    return "ok";
  } catch (error) {
    return `${codeOf(error)} ${(error as Error).message}`;
  }
};

const options = queueFileOptions(events);
let opened = openFile(path.join(point, "q.sqlite3"), options);
for (let row = 0; row < 50; row++) write(opened, `k${row}`);
const device = deviceOf(point);
fs.writeFileSync(`/sys/fs/ext4/${path.basename(device)}/trigger_fs_error`, "a test");
const writes = [1, 2, 3].map((row) => attempt(() => write(opened, `refused${row}`)));
const reopened = attempt(() => {
  opened = opened.reopen();
});
run("umount", point);
run("e2fsck", "-fy", path.join(place, "disk"));
run("mount", "-t", "ext4", "-o", "loop", path.join(place, "disk"), point);
const healed = attempt(() => {
  opened = opened.reopen();
});
const kept = keysIn(opened);
const again = attempt(() => write(opened, "after"));
const { tailLost } = opened.guards;
opened.guards.close();
run("mount", "-o", "remount,ro", point);
const fromStart = attempt(() => openFile(path.join(point, "q.sqlite3"), options));
const elsewhere = attempt(() => openFile(path.join(point, "new", "q.sqlite3"), options));
console.log(JSON.stringify({ writes, reopened, healed, kept, again, tailLost, fromStart, elsewhere, events }));
