import * as path from "node:path";
import { type LockChange, type LockResult, lockFolder } from "../registry/index.ts";
import { columns } from "./columns.ts";
import { defineCommand, flag } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { FOLDER_ARGUMENT, pluginFolder, printFaults } from "./plugin_folder.ts";
import type { Terminal } from "./terminal.ts";

export const command = defineCommand({
  doc: "Writes plugins.lock.yaml: of each plugin its file, the SHA-256 of its bytes and the plugin API it was written for. Nothing of a plugin runs, so read what changed first. If one of them could not be loaded as it stands, nothing is written.",
  args: [FOLDER_ARGUMENT],
  flags: {
    check: flag.toggle("Write nothing; tell whether the lock is up to date."),
    json: flag.toggle("Print the changes as JSON."),
  },
  examples: [
    ["schnitzel plugin lock", "Allow what stands in plugins/, and show what changed."],
    ["schnitzel plugin lock --check", "For CI: fails when a plugin is not the locked one."],
  ],
  exits: { [EXIT.failure]: "A plugin is refused; with --check also: the lock is not up to date." },
  run({ args: [given], flags, terminal }) {
    const dir = pluginFolder(given, terminal);
    const result = lockFolder(path.resolve(terminal.cwd, dir), { check: flags.check });
    const file = path.join(dir, path.basename(result.file));
    if (flags.json) terminal.out(`${JSON.stringify({ schema_version: 1, ...result, file }, null, 2)}\n`);
    else print(result, file, terminal);
    const stale = flags.check && !result.current;
    return result.faults.length > 0 || stale ? EXIT.failure : EXIT.ok;
  },
});

function print({ changes, faults, written, current }: LockResult, file: string, terminal: Terminal) {
  printFaults(faults, terminal);
  terminal.out(columns(changes.map(row)));
  if (faults.length > 0) terminal.err(`${file} stays as it was\n`);
  else if (written) terminal.out(`wrote ${file}\n`);
  else if (current) terminal.out(`${file} is up to date\n`);
  else terminal.err(`${file} is not up to date\n  hint: schnitzel plugin lock writes it\n`);
}

/** Twelve digits tell two versions apart for a person; the lock has all of them. */
const short = (hash: string | undefined) => hash?.slice(0, 12) ?? "";

const row = ({ what, id, file, sha256, was }: LockChange) => [
  what,
  id,
  file,
  was === undefined || sha256 === undefined ? short(sha256 ?? was) : `${short(was)} -> ${short(sha256)}`,
];
