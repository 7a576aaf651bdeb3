import * as fs from "node:fs";
import { CHECKPOINT_FILE } from "./checkpoint_layout.ts";
import { HighWater } from "./high_water.ts";
import { newer } from "./migrate.ts";

/**
 * Throws when a later schnitzel wrote this file of checkpoints, before a run begins: the engine opens it late, when
 * queues are open and nodes are made. Only the header is read; what stands in the log alone is found by the open.
 */
export function refuseNewerState(file: string) {
  const said = versionInHeader(file);
  const { found, mark } = new HighWater(file);
  const known = CHECKPOINT_FILE.migrations.length;
  // A header that says more than the mark beside it is damaged; the open looks at the tables, too.
  if (said > known && (!found || mark.version >= said)) throw newer(file, said, known);
}

/** Where SQLite keeps `user_version` and `application_id`. */
const VERSION_AT = 60;
const APPLICATION_AT = 68;

/** 0 for what is no file of checkpoints: noise has a number there as well, and the open tells damage. */
function versionInHeader(file: string): number {
  if (!fs.existsSync(file)) return 0;
  const header = Buffer.alloc(APPLICATION_AT + 4);
  const descriptor = fs.openSync(file, "r");
  try {
    fs.readSync(descriptor, header, 0, header.length, 0);
    const isOurs = header.readUInt32BE(APPLICATION_AT) === CHECKPOINT_FILE.applicationId;
    return isOurs ? header.readUInt32BE(VERSION_AT) : 0;
  } finally {
    fs.closeSync(descriptor);
  }
}
