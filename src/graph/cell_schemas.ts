import * as fs from "node:fs";
import * as path from "node:path";
import type { CellOptions, WrittenCell } from "./blackboard.ts";
import { MAX_GRAPH_BYTES } from "./file.ts";
import type { Findings } from "./findings.ts";
import type { CellPlan } from "./plan.ts";
import { readAtMost } from "./read_at_most.ts";
import { type MapTree, placeOf, spotAt } from "./tree.ts";

type Misfit = NonNullable<CellPlan["misfit"]>;
type Schema = Record<string, unknown>;

/** Faults of a value that are told; the first ones say enough. */
const MAX_TOLD = 3;

/** As many as a graph has cells. */
const MAX_MADE = 1_000;
/** By the text of the schema: a reload that finds the same check finds no change. */
const made = new Map<string, Misfit>();

/** The cells with their schemas read and compiled, and the files these stand in. What cannot be used is told, and left out. */
export async function withSchemas(
  written: readonly WrittenCell[],
  { root, baseDir, findings }: { root: MapTree; baseDir: string; findings: Findings },
): Promise<{ cells: CellOptions[]; files: { file: string; text: string }[] }> {
  const cells: CellOptions[] = [];
  const files: { file: string; text: string }[] = [];
  for (const { schema: given, ...cell } of written) {
    if (given === undefined) {
      cells.push(cell);
      continue;
    }
    try {
      const schema = typeof given === "string" ? readSchema(path.resolve(baseDir, given), files) : given;
      cells.push({ ...cell, schema, misfit: await compiled(schema) });
    } catch (error) {
      const at = ["blackboard", cell.name, "schema"];
      findings.add({
        ...{ code: "CELL_SCHEMA", severity: "error", place: placeOf(spotAt(root, at)), path: at.join(".") },
        message: `Cannot use the schema of cell "${cell.name}": ${(error as Error).message}`,
      });
    }
  }
  return { cells, files };
}

function readSchema(file: string, files: { file: string; text: string }[]): Schema {
  if (!fs.existsSync(file)) throw new Error(`there is no file ${file}`);
  const bytes = readAtMost(file, MAX_GRAPH_BYTES);
  if (bytes === undefined) throw new Error(`${file} has more than ${MAX_GRAPH_BYTES} bytes`);
  const text = new TextDecoder().decode(bytes);
  files.push({ file, text });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is no JSON: ${(error as Error).message}`);
  }
}

async function compiled(schema: Schema): Promise<Misfit> {
  const key = JSON.stringify(schema);
  const known = made.get(key);
  if (known !== undefined) return known;
  // Loaded only here: most graphs have no schema.
  const { compileSchema } = await import("../packet/json_schema.ts");
  const errorsOf = compileSchema(schema);
  const misfit: Misfit = (value) => {
    const errors = errorsOf(value).slice(0, MAX_TOLD);
    if (errors.length === 0) return undefined;
    return `it does not fit its schema: ${errors.map(({ path, message }) => `value${path} ${message}`).join("; ")}`;
  };
  if (made.size >= MAX_MADE) made.delete(made.keys().next().value!);
  made.set(key, misfit);
  return misfit;
}
