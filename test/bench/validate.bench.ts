import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { median, milliseconds, type Row, rounds, schnitzel, time } from "./measure.ts";

const NODES = 10_000;
const LIMIT_MS = 1_500;

/** A graph file of 10,000 nodes in a chain, checked by the binary. */
export function validate(): Row[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-bench-"));
  try {
    const file = path.join(folder, "large.yaml");
    fs.writeFileSync(file, chainGraph(NODES));
    const [runs] = rounds(5, [() => time(schnitzel("validate", file))]) as [ReturnType<typeof time>[]];
    return [
      {
        what: `validate a ${NODES.toLocaleString("en")}-node graph file`,
        figure: milliseconds(runs),
        beside: "—",
        reach: `< ${LIMIT_MS} ms`,
        ok: median(runs.map(({ ms }) => ms)) < LIMIT_MS,
        command: "schnitzel validate large.yaml",
      },
    ];
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function chainGraph(size: number): string {
  const nodes = ["  - { id: n0, plugin: generate_source }"];
  const edges: string[] = [];
  for (let at = 1; at < size; at++) {
    nodes.push(`  - { id: n${at}, plugin: ${at === size - 1 ? "null_sink" : "identity"} }`);
    edges.push(`  - { from: n${at - 1}, to: n${at} }`);
  }
  return `version: 2\nnodes:\n${nodes.join("\n")}\nedges:\n${edges.join("\n")}\n`;
}
