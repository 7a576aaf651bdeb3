import * as path from "node:path";
import { type WrittenType, writeEditorTypes } from "../registry/index.ts";
import { defineCommand, flag } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { FOLDER_ARGUMENT, pluginFolder } from "./plugin_folder.ts";

export const command = defineCommand({
  doc: 'Writes schnitzel.d.ts, valibot.d.ts and tsconfig.json beside the plugins: what import … from "schnitzel" gives, without node_modules. A tsconfig.json of your own is kept.',
  args: [FOLDER_ARGUMENT],
  flags: { json: flag.toggle("Print what was written as JSON.") },
  examples: [["schnitzel plugin types", "Types for the plugins in plugins/; again after an upgrade."]],
  run({ args: [given], flags, terminal }) {
    const dir = pluginFolder(given, terminal);
    const files = writeEditorTypes(path.resolve(terminal.cwd, dir));
    if (flags.json) terminal.out(`${JSON.stringify({ schema_version: 1, dir, files }, null, 2)}\n`);
    else for (const { file, what } of files) terminal.out(`${path.join(dir, file)}: ${WORDS[what]}\n`);
    return EXIT.ok;
  },
});

const WORDS: Readonly<Record<WrittenType["what"], string>> = {
  written: "written",
  unchanged: "up to date",
  kept: 'kept as it is; under "paths" it needs "schnitzel": ["./schnitzel.d.ts"]',
};
