import * as fs from "node:fs";
import * as path from "node:path";
import { ROOT, run } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";

export type ExampleProject = ReturnType<typeof exampleProject>;

/** The project's graphs and plugins without what a person's own runs have written, so that what these write is gone with it. */
export function exampleProject() {
  const folder = temporaryFolder();
  for (const each of ["graphs", "plugins"]) {
    fs.cpSync(path.join(ROOT, each), path.join(folder.path, each), {
      recursive: true,
      filter: (file) => path.basename(file) !== "outputs",
    });
  }
  const output = (file: string) => path.join(folder.path, "graphs/outputs", file);
  return {
    path: folder.path,
    /** Path of what an example writes. */
    output,
    written: (file: string) => fs.readFileSync(output(file), "utf8"),
    async runExample(name: string, ...flags: string[]) {
      const ran = await run(["run", `graphs/${name}.yaml`, "--report-json", ...flags], {
        cwd: folder.path,
        // A model at work beside other tests takes its time.
        timeoutMs: 55_000,
      });
      const printed = lines(ran.stdout);
      return { code: ran.code, report: JSON.parse(printed.pop()!), printed };
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

export const lines = (text: string) => text.split("\n").filter((line) => line !== "");

/** A port that was free a moment ago. */
export function freePort(): number {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port } = server;
  server.stop(true);
  return port!;
}
