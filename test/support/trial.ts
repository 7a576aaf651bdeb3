import * as fs from "node:fs";
import * as path from "node:path";
import { cli, folderWith } from "./cli.ts";

/** A source, a condition with two ways out, a file and standard output. */
export const TRIAL_GRAPH = `version: 2
name: yard
vars: { above: 30 }
nodes:
  - { id: station, plugin: generate_source, config: { kind: sensor } }
  - id: judge
    plugin: route
    config: { rules: [{ port: hot, when: "payload.t > \${vars.above}" }] }
  - { id: alarm, plugin: jsonl_sink, config: { path: out/alarm.jsonl } }
  - { id: rest, plugin: print_sink, config: { format: payload } }
edges:
  - { from: station, to: judge }
  - { from: judge.hot, to: alarm }
  - { from: judge.else, to: rest }
`;

export interface TrialCase {
  name: string;
  ok: boolean;
  failures: { place: { file: string; line: number; column: number }; message: string }[];
}

/** A folder with graph.yaml and files beside it, in which test files are run by this process, as a new one takes a second. */
export function trialFolder(graph = TRIAL_GRAPH, files: Record<string, string> = {}) {
  const { folder, [Symbol.dispose]: dispose } = folderWith({ "graph.yaml": graph, ...files });
  const file = path.join(folder, "a.test.yaml");
  const run = async (...flags: string[]) => {
    const { code, stdout, stderr } = await cli(["test", file, "--in-process", ...flags], { cwd: folder });
    const short = (text: string) => text.replaceAll(`${folder}/`, "");
    return { code, stdout: short(stdout), stderr: short(stderr) };
  };
  const write = (text: string) => fs.writeFileSync(file, text);
  return {
    folder,
    /** Writes a test file, a case or several, and runs it. */
    async test(text: string): Promise<TrialCase[]> {
      write(`graph: graph.yaml\n${text}`);
      const { code, stdout, stderr } = await run("--json");
      if (stdout === "") throw new Error(stderr);
      const cases: TrialCase[] = JSON.parse(stdout).files[0].cases;
      if ((code === 0) !== cases.every(({ ok }) => ok)) throw new Error(`exit code ${code} for\n${stdout}`);
      return cases;
    },
    /** Runs one as it stands, with flags. */
    async ran(text: string, ...flags: string[]) {
      write(`graph: graph.yaml\n${text}`);
      return run(...flags);
    },
    read: (file: string) => fs.readFileSync(path.join(folder, file), "utf8"),
    [Symbol.dispose]: dispose,
  };
}
