import * as fs from "node:fs";
import * as path from "node:path";
// As files of the binary, not as text: 650 kB of source would be read at every start.
// @ts-expect-error TypeScript does not know that Bun imports any file.
import valibotTypes from "../../node_modules/valibot/dist/index.d.mts" with { type: "file" };
import schnitzelTypes from "./schnitzel.d.ts.txt" with { type: "file" };

const VALIBOT_NOTICE = "// Types of valibot (https://valibot.dev), MIT License, Copyright (c) Fabian Hiller.\n";

/** No `types`: a plugin sees what the language and "schnitzel" offer, not what happens to be installed. */
const TSCONFIG = {
  compilerOptions: {
    target: "ESNext",
    lib: ["ESNext", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
    module: "Preserve",
    moduleResolution: "bundler",
    moduleDetection: "force",
    verbatimModuleSyntax: true,
    allowJs: true,
    noEmit: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    types: [],
    paths: { schnitzel: ["./schnitzel.d.ts"] },
  },
  include: ["**/*.ts", "**/*.js"],
  exclude: ["**/*.test.ts"],
};

export interface WrittenType {
  file: string;
  /** `kept`: a tsconfig.json of your own is left alone. */
  what: "written" | "unchanged" | "kept";
}

/** Writes into a plugin folder what an editor needs to complete and check plugins, without node_modules. */
export function writeEditorTypes(dir: string): WrittenType[] {
  return [
    write(dir, "schnitzel.d.ts", read(schnitzelTypes)),
    write(dir, "valibot.d.ts", VALIBOT_NOTICE + read(valibotTypes)),
    write(dir, "tsconfig.json", `${JSON.stringify(TSCONFIG, null, 2)}\n`, true),
  ];
}

const read = (file: string) => fs.readFileSync(file, "utf8");

function write(dir: string, file: string, text: string, keep = false): WrittenType {
  const target = path.join(dir, file);
  const before = fs.existsSync(target) ? fs.readFileSync(target, "utf8") : undefined;
  if (before === text) return { file, what: "unchanged" };
  if (before !== undefined && keep) return { file, what: "kept" };
  fs.writeFileSync(target, text);
  return { file, what: "written" };
}
