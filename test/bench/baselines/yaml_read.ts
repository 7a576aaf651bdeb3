/** Reads a graph with the library that schnitzel reads it with, and does nothing with it: what YAML alone costs a start. */
import * as fs from "node:fs";
import { parseDocument } from "yaml";

const { errors } = parseDocument(fs.readFileSync(process.argv[2]!, "utf8"));
console.log(errors.length);
