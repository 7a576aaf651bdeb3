/** Opens a file of version 1 as a program of version 2 does; says when it begins and when it is done. */
import * as fs from "node:fs";
import { systemClock } from "../../../src/base/clock.ts";
import { openFile } from "../../../src/store/open_file.ts";
import { FIRST, guardOptions, SECOND } from "./setup.ts";

const say = (line: string) => void fs.writeSync(1, `${line}\n`);
say("begins");
const opened = openFile(process.argv[2]!, { ...guardOptions(systemClock, []), migrations: [FIRST, SECOND] });
say("done");
opened.guards.close();
