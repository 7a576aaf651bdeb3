/** Asks for a queue on the disk at its argument, refused and allowed. Prints both answers. */
import * as path from "node:path";
import { openFile } from "../../src/store/open_file.ts";
import { queueFileOptions, write } from "./store_writer.ts";

const [place, inside = "."] = process.argv.slice(2) as [string, string?];
const file = path.join(place, inside, "queues", "q.sqlite3");
const events: string[] = [];
let refused = "";
try {
  openFile(file, queueFileOptions(events)).guards.close();
} catch (error) {
  refused = (error as Error).message;
}
const opened = openFile(file, queueFileOptions(events, { allowNetworkDisk: true }));
write(opened, "a");
opened.guards.close();
console.log(JSON.stringify({ refused, events }));
