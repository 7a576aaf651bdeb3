import type { CompileResult, GraphSource } from "../graph/index.ts";
import type { Registry } from "../registry/index.ts";
import type { Terminal } from "./terminal.ts";

type New = { source: GraphSource; refused?: undefined } | { source?: undefined; refused: CompileResult };

/** Only files with one of these can be old ones that need migrating; all others cost one look. */
const OLD = /(?:^|[{,])\s*["']?(?:job|processes|channels|version["']?\s*:\s*["']?1)\b/m;

/**
 * The graph that a version 1 job or a process graph stands for, made in memory and said so; other graphs as they are.
 * Graphs with the predecessor's addresses run as they are, too.
 */
export async function newSource(
  given: GraphSource,
  registry: () => Registry,
  env: Readonly<Record<string, string | undefined>>,
  maxBytes: number,
  { cwd, err }: Terminal,
): Promise<New> {
  if (!OLD.test(given.text)) return { source: given };
  // Loaded only here: a graph of ours is not old.
  const { kindOf, migrate } = await import("../migrate/index.ts");
  const kind = kindOf(given, () => false);
  if (kind === "current") return { source: given };
  const target = `${given.path} (migrated)`;
  const { text, diagnostics, texts, leftOut } = await migrate(given, {
    catalogue: registry(),
    env,
    ...{ cwd, maxBytes },
    target: given.path,
    notThere: "migrated",
  });
  if (text === undefined)
    return { refused: { diagnostics: [...diagnostics], text: given.text, texts: { ...texts }, secrets: [] } };
  const what = kind === "job" ? "a version 1 job" : "a process graph";
  const lost =
    leftOut.length === 0 ? "" : `, ${leftOut.length} ${leftOut.length === 1 ? "setting" : "settings"} not as before`;
  err(
    `${given.path} is ${what}: migrated in memory${lost}; schnitzel migrate ${given.path} shows the graph and what differs\n`,
  );
  return { source: { text, path: target, baseDir: given.baseDir } };
}
