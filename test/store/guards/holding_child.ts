/** Opens a file, writes one row, says so, and holds it until it is killed. */
import * as fs from "node:fs";
import { systemClock } from "../../../src/base/clock.ts";
import { openFile } from "../../../src/store/open_file.ts";
import { add, guardOptions } from "./setup.ts";

add(openFile(process.argv[2]!, guardOptions(systemClock, [])), "held");
fs.writeSync(1, "open\n");
process.stdin.resume();
