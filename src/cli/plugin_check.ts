import * as path from "node:path";
import { type CheckedPlugin, checkPlugin, findPlugins } from "../registry/index.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { printFaults } from "./plugin_folder.ts";
import type { Terminal } from "./terminal.ts";

export const command = defineCommand({
  doc: "Asks of a plugin what the loader asks (file, size, rights, API, imports, definitions), of each node a doc, an example and a config that refuses unknown keys, and runs the examples. All of it happens in a process of its own that is killed after 5 s. The lock is shown, not needed.",
  args: [{ name: "PATH", doc: "A plugin file, or a folder of them; plugins unless given.", optional: true }],
  flags: { json: flag.toggle("Print what was found as JSON.") },
  examples: [
    ["schnitzel plugin check plugins/hysteresis.ts", "While writing one."],
    ["schnitzel plugin check", "Every plugin in plugins/."],
  ],
  exits: { [EXIT.failure]: "Something stands against a plugin." },
  async run({ args: [given], flags, terminal }) {
    const target = given ?? "plugins";
    const found = findPlugins(path.resolve(terminal.cwd, target));
    if (found === undefined) {
      throw new UsageError(
        `${target} is no plugin file and no folder`,
        "a plugin is NAME.ts, NAME.js or NAME/plugin.ts",
      );
    }
    if (found.plugins.length === 0) throw new UsageError(`${target} has no plugins`);
    const results: CheckedPlugin[] = [];
    for (const plugin of found.plugins) results.push(await checkPlugin(found.dir, plugin));
    if (flags.json) terminal.out(`${JSON.stringify({ schema_version: 1, plugins: results }, null, 2)}\n`);
    else for (const result of results) print(result, terminal);
    return results.every(({ ok }) => ok) ? EXIT.ok : EXIT.failure;
  },
});

const LOCK_WORDS: Readonly<Record<CheckedPlugin["lock"], string>> = {
  no_lock: "the folder has no lock",
  not_listed: "not in the lock: it is not loaded until `schnitzel plugin lock`",
  changed: "changed since it was locked: it is not loaded until `schnitzel plugin lock`",
  matches: "as locked",
};

function print({ id, file, ok, faults, nodes, lock }: CheckedPlugin, terminal: Terminal) {
  terminal.out(`${file}: ${ok ? "ok" : "refused"}, ${LOCK_WORDS[lock]}\n`);
  printFaults(faults, terminal);
  for (const node of nodes) {
    const failed = node.examples.filter((example) => example.faults.length > 0);
    const passed = node.examples.length - failed.length;
    terminal.out(`  ${id}:${node.export} (${node.kind}), ${passed} of ${node.examples.length} examples hold\n`);
    for (const fault of node.faults) terminal.err(`  ${id}:${node.export} ${fault}\n`);
    for (const { title, faults: found } of failed) {
      for (const fault of found) terminal.err(`  ${id}:${node.export} example "${title}": ${fault}\n`);
    }
  }
}
