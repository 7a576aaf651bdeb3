import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { dispatch } from "../../src/cli/dispatch.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import type { Ran } from "./binary.ts";

export interface CliOptions {
  cwd?: string;
  stdin?: string | Uint8Array;
  env?: Record<string, string | undefined>;
}

/** A terminal that keeps what is written. */
export function testTerminal({ cwd = process.cwd(), stdin = "", env = {} }: CliOptions = {}) {
  const written = { stdout: "", stderr: "" };
  const bytes = typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin;
  const terminal: Terminal & { written: typeof written } = {
    written,
    out: (text) => {
      written.stdout += text;
    },
    err: (text) => {
      written.stderr += text;
    },
    color: false,
    env,
    cwd,
    stdin: async (maxBytes) => (bytes.length > maxBytes ? undefined : bytes),
  };
  return terminal;
}

/** Carries out a command line in this process. */
export async function cli(argv: readonly string[], options: CliOptions = {}): Promise<Ran> {
  const terminal = testTerminal(options);
  const code = await dispatch(argv, terminal);
  return { code, ...terminal.written };
}

/** A folder with these files, gone when its `using` scope ends. */
export function folderWith(files: Readonly<Record<string, string>>) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-cli-"));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  const at = (name: string) => path.join(folder, name);
  return { folder, at, [Symbol.dispose]: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

/** A graph without faults, of two nodes. */
export const GOOD_GRAPH = `version: 2
nodes:
  - { id: s, plugin: generate_source, config: { count: 2 } }
  - { id: o, plugin: print_sink }
edges: [{ from: s, to: o }]
`;

/** A graph whose sink does not exist: one error, on line 4. */
export const BAD_GRAPH = GOOD_GRAPH.replace("print_sink", "prnt_sink");
