import * as path from "node:path";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import sink from "./templates/plugin_sink.ts.txt" with { type: "text" };
import source from "./templates/plugin_source.ts.txt" with { type: "text" };
import transform from "./templates/plugin_transform.ts.txt" with { type: "text" };
import { writeNewFiles } from "./write_files.ts";

const KINDS = { transform, source, sink };

export const command = defineCommand({
  doc: "Writes plugins/NAME.ts: one node with config, ports, an example and code, to change into yours.",
  args: [{ name: "NAME", doc: "Name of the plugin and its node, in snake_case." }],
  flags: {
    kind: flag.choice(Object.keys(KINDS) as (keyof typeof KINDS)[], "What kind of node; transform unless given."),
    plugins: flag.text("DIR", "Folder with plugins, instead of ./plugins."),
    force: flag.toggle("Overwrite what is there."),
    json: flag.toggle("Print what was written as JSON."),
  },
  examples: [
    ["schnitzel new plugin threshold", "A node that changes packets."],
    ["schnitzel new plugin modbus --kind source", "A node that makes them."],
  ],
  exits: { [EXIT.invalid]: "The file is in the way, or usage." },
  run({ args, flags, terminal }) {
    const [name] = args as [string];
    if (!/^[a-z][a-z0-9_]*$/.test(name)) {
      throw new UsageError(`${name} is no name for a plugin`, "snake_case: small letters, digits and _");
    }
    const dir = flags.plugins ?? "plugins";
    const file = path.join(dir, `${name}.ts`);
    const exported = name.replace(/(?:^|_+)([a-z0-9])/g, (_, first: string) => first.toUpperCase());
    const text = KINDS[flags.kind ?? "transform"].replaceAll("NAME", name).replaceAll("EXPORT", exported);
    writeNewFiles([{ path: file, text }], flags.force, terminal);
    const next = [`schnitzel plugin check ${file}`, `schnitzel plugin types ${dir}`, `schnitzel plugin lock ${dir}`];
    const use = `plugin: ${name}:${exported}`;
    if (flags.json) terminal.out(`${JSON.stringify({ schema_version: 1, written: [file], use, next })}\n`);
    else terminal.out(`wrote ${file}; in a graph: ${use}\nnext:\n  ${next.join("\n  ")}\n`);
    return EXIT.ok;
  },
});
