import * as fs from "node:fs";
import * as path from "node:path";
import { ROOT, run } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";

const GRAPHS = path.join(ROOT, "test/parity/graphs");

/** Names of the predecessor's sample graphs, without `_v2.yaml`. */
export const SAMPLES: readonly string[] = fs
  .readdirSync(GRAPHS)
  .map((file) => file.replace("_v2.yaml", ""))
  .sort();

export interface OldRun {
  code: number;
  /** What it printed, without the report. */
  printed: string[];
  stderr: string;
  metrics: Record<string, number>;
  /** `consumed/produced/source_emitted`, as the predecessor's table writes them. */
  counts: string;
  /** The report whole; undefined when the graph was refused. */
  report: { status: string; error: string | null; graph: string } | undefined;
}

/** A folder laid out as the predecessor's project: its sample graphs in configs/graphs, run from the top. */
export function project() {
  const folder = temporaryFolder();
  fs.cpSync(GRAPHS, path.join(folder.path, "configs/graphs"), { recursive: true });
  const at = (file: string) => path.join(folder.path, file);
  return {
    /** `schnitzel --graph … --report-json`, as the predecessor was called. */
    async run(graph: string, env: Record<string, string> = {}, ...flags: string[]): Promise<OldRun> {
      const args = ["--graph", graph, "--report-json", ...flags];
      const ran = await run(args, { cwd: folder.path, env });
      const lines = ran.stdout.split("\n").filter((line) => line !== "");
      const report = lines.at(-1)?.startsWith('{"ts"') ? JSON.parse(lines.pop()!) : undefined;
      const metrics = report?.metrics ?? {};
      const counts = ["consumed", "produced", "source_emitted"].map((key) => metrics[`packets.${key}_total`]).join("/");
      return { code: ran.code, printed: lines, stderr: ran.stderr, metrics, counts, report };
    },
    /** `schnitzel --graph … --validate-only`, findings as JSON. */
    validate: (graph: string) => run(["--graph", graph, "--validate-only", "--report-json"], { cwd: folder.path }),
    folder: folder.path,
    sample: (name: string) => `configs/graphs/${name}_v2.yaml`,
    write: (file: string, text: string) => fs.writeFileSync(at(file), text),
    read: (file: string) => fs.readFileSync(at(file), "utf8"),
    makeFolder(dir: string) {
      fs.mkdirSync(at(dir), { recursive: true });
      return at(dir);
    },
    list: (dir: string) => fs.readdirSync(at(dir)).sort(),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}
