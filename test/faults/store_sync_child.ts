/**
 * Writes rows one by one and says `a KEY` once one is committed. After an I/O error the file is reopened, as the queue
 * does, and the same row is tried again; after three failures in a row it gives up.
 */
import { isDiskFailure } from "../../src/store/damage.ts";
import type { OpenedFile } from "../../src/store/guards.ts";
import { openFile } from "../../src/store/open_file.ts";
import { codeOf, queueFileOptions, say, write } from "./store_writer.ts";

const [file, rows] = process.argv.slice(2) as [string, string];
const events: string[] = [];
let opened: OpenedFile;
try {
  opened = openFile(file, queueFileOptions(events));
} catch (error) {
  say(`unopenable ${codeOf(error)}`);
  process.exit(0);
}

let failures = 0;
let closed = false;
for (let row = 0; row < Number(rows) && failures < 3; ) {
  try {
    if (closed) reopen();
    write(opened, `k${row}`);
    say(`a k${row}`);
    row += 1;
    failures = 0;
  } catch (error) {
    failures += 1;
    say(`failed ${codeOf(error)}`);
    // The row is there when the error came after the commit was on the disk all the same.
    if (codeOf(error) === "SQLITE_CONSTRAINT_UNIQUE") row += 1;
    else if (isDiskFailure(error)) closed = true;
    else if (codeOf(error) !== "QUEUE_UNOPENABLE") throw error;
  }
}
for (const event of events) say(`event ${event}`);
say("end");

function reopen() {
  opened = opened.reopen();
  closed = false;
  say("reopened");
}
