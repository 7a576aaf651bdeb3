import { didYouMean } from "../../base/suggest.ts";
import { cellType } from "../blackboard.ts";
import { usesOf } from "../cell_use.ts";
import type { DraftCell } from "../draft.ts";
import type { Report, Rule } from "./rule.ts";

/** Every cell that a node uses is declared, and every cell that is declared is used. */
export const cells: Rule = (draft, report) => {
  const uses = usesOf(draft.nodes);
  for (const cell of draft.cells) {
    checkInitial(cell, report);
    // A node that could not be read may be the one that uses it.
    if (!draft.incomplete && draft.nodes.every(({ config }) => config !== undefined)) checkUse(cell, uses, report);
  }
  reportUnknown(draft, report);
};

function checkInitial({ name, options, at }: DraftCell, report: Report) {
  const { type, initial, max_bytes, misfit } = options;
  if (initial === undefined) return;
  const found = cellType(initial);
  const bytes = Buffer.byteLength(JSON.stringify(initial) ?? "");
  const fault =
    misfit !== undefined && misfit(initial) !== undefined
      ? misfit(initial)
      : misfit === undefined && found !== type
        ? `its type must be ${type}: current value is ${found === undefined ? String(initial) : `of type ${found}`}`
        : bytes > max_bytes
          ? `it has ${bytes} bytes as JSON and max_bytes is ${max_bytes}`
          : undefined;
  if (fault === undefined) return;
  report({
    code: "CELL_INITIAL",
    message: `Cannot begin with the initial value of cell "${name}" as ${fault}`,
    place: at(["initial"]),
    path: `blackboard.${name}.initial`,
  });
}

function checkUse({ name, options, at }: DraftCell, uses: ReturnType<typeof usesOf>, report: Report) {
  const { readers, writers } = uses.get(name) ?? { readers: [], writers: [] };
  const place = at([], "key");
  const path = `blackboard.${name}`;
  const names = (ids: readonly string[]) => ids.map((id) => `"${id}"`).join(", ");
  if (readers.length === 0) {
    const written = writers.length === 0 ? "nor written" : `only written, by ${names(writers)}`;
    report({
      ...{ code: "CELL_NEVER_READ", severity: "warning", place, path },
      message: `Cell "${name}" is never read${writers.length === 0 ? ` ${written}` : `, ${written}`}`,
      hint: "remove it, or read it with cell_read or as cells.NAME in an expression",
    });
  } else if (writers.length === 0) {
    const constant = options.initial !== undefined;
    report({
      ...{ code: "CELL_NEVER_WRITTEN", severity: constant ? "warning" : "error", place, path },
      message: `Cell "${name}" is read by ${names(readers)} and never written${constant ? ", so it is always its initial value" : " and has no initial value"}`,
      hint: constant
        ? "a value that never changes belongs in vars"
        : "write it with cell_write, or give it an initial value",
    });
  }
}

function reportUnknown({ nodes, cells: known, cellNames = [] }: Parameters<Rule>[0], report: Report) {
  const names = [...known.map(({ name }) => name), ...cellNames];
  for (const [name, { readers, writers }] of usesOf(nodes)) {
    if (names.includes(name)) continue;
    for (const node of nodes.filter(({ id }) => readers.includes(id) || writers.includes(id))) {
      const near = didYouMean(name, names);
      report({
        code: "UNKNOWN_CELL",
        message: `Node "${node.id}" (${node.plugin}) cannot ${readers.includes(node.id) ? "read" : "write"} cell "${name}" as the blackboard has none of that name`,
        place: node.at(["config"], "key"),
        path: `${node.path}.config`,
        hint: near === undefined ? `declare it: blackboard: { ${name}: { type: number } }` : `did you mean "${near}"?`,
      });
    }
  }
}
