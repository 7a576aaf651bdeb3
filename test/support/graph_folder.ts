import * as fs from "node:fs";
import * as path from "node:path";
import type { CompileOptions } from "../../src/graph/index.ts";
import { temporaryFolder } from "./folder.ts";
import { compile } from "./graph.ts";

/** Files in a folder of their own; `compile` checks `graph.yaml` of them, as if somebody in that folder had named it. */
export function graphFolder(files: Readonly<Record<string, string>>) {
  const { path: folder, ...rest } = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  return {
    ...rest,
    folder,
    at: (name: string) => path.join(folder, name),
    compile: (options: Partial<CompileOptions> = {}) =>
      compile(files["graph.yaml"]!, { path: "graph.yaml", baseDir: folder, ...options }),
  };
}
