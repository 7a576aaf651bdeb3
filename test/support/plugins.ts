import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { createRegistry, lockFolder, type Registry } from "../../src/registry/index.ts";

/** A new folder with these files, by relative path; removed when the tests end. */
export function pluginFolder(files: Readonly<Record<string, string>> = {}): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "plugins-"));
  process.on("exit", () => fs.rmSync(dir, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) writePlugin(dir, file, text);
  return dir;
}

/** Writes a file that nobody else may change, whatever the umask. */
export function writePlugin(dir: string, file: string, text: string) {
  const target = path.join(dir, file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, text);
  fs.chmodSync(target, 0o644);
}

/** A plugin with one pass-through node, `Pass`; `extra` stands in front of it. */
export const passThrough = (extra = "", name = "pass") => `import { ANY, defineNode, port, v } from "schnitzel";
${extra}
export const Pass = defineNode({
  name: "${name}",
  kind: "transform",
  doc: "Passes packets on.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "Packets.") },
  outputs: { out: port(ANY, "The same packets.") },
  examples: [{ title: "Nothing changes", config: {}, input: ["cam01"], output: { out: ["cam01"] } }],
  create: () => ({ process: (packet, emit) => emit.out(packet) }),
});
`;

export interface TestRegistry {
  registry: Registry;
  warnings: string[];
  /** Prepares and resolves one address. */
  resolve(address: string): Promise<ReturnType<Registry["resolve"]>>;
}

/** A registry on a folder. Everything is allowed unless `env` says otherwise or the folder has a lock. */
export function registryOn(
  pluginsDir: string,
  {
    env = { ALLOW_ALL_PLUGINS: "true" },
    deadlineMs = 20_000,
  }: { env?: Record<string, string>; deadlineMs?: number } = {},
): TestRegistry {
  const warnings: string[] = [];
  const registry = createRegistry({ pluginsDir, env, deadlineMs, warn: (message) => void warnings.push(message) });
  return {
    registry,
    warnings,
    async resolve(address) {
      await registry.prepare([address]);
      return registry.resolve(address);
    },
  };
}

/** Locks a folder, or throws what stands against it. */
export function lock(dir: string) {
  const { faults } = lockFolder(dir);
  if (faults.length > 0) throw new Error(JSON.stringify(faults));
}
