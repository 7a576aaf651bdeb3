import { didYouMean } from "../base/suggest.ts";
import type { Catalogue, NodeDefinition, Resolution } from "../node/index.ts";
import { BUILT_IN } from "../nodes/list.ts";
import { parseAddress } from "./address.ts";
import { isLegacyAddress, LEGACY, suggestLegacy } from "./legacy.ts";
import { adaptConfig } from "./legacy_config.ts";
import { listPlugins } from "./plugin_file.ts";
import type { PluginShelf } from "./plugins.ts";
import type { ProbeOptions } from "./probe.ts";

export { type WrittenType, writeEditorTypes } from "./editor_types.ts";
export {
  type CheckedPlugin,
  checkPlugin,
  type Fault,
  findPlugins,
  type LockChange,
  type LockResult,
  lockFolder,
} from "./folder.ts";
export { PROBE_ARGUMENT, probePlugin } from "./probe_child.ts";

export interface RegistryOptions extends Omit<ProbeOptions, "review"> {
  /** Folder with plugin files and `plugins.lock.yaml`; without it there are no plugins. */
  pluginsDir?: string;
  /** Environment; only the variables of the allowlist are read. */
  env: Readonly<Record<string, string | undefined>>;
  /** Told once when plugins may load without a lock. Writes to stderr unless given. */
  warn?(message: string): void;
}

export type Registry = Catalogue;

type Refusal = Extract<Resolution, { found: false }>;

/**
 * Looks up what a graph's `plugin:` names: a built-in by its name, an address of the predecessor, or a plugin
 * (`loiter:Loiter`, or `loiter` for its default or only node). A built-in's name always means the built-in.
 */
export function createRegistry({ pluginsDir, env, warn = console.error, ...probing }: RegistryOptions): Registry {
  const builtIn = new Map<string, NodeDefinition>();
  let shelf: PluginShelf | undefined;
  const files = () => (pluginsDir === undefined ? [] : listPlugins(pluginsDir).map(({ id }) => id));
  const names = () => [...BUILT_IN.keys(), ...files(), ...(shelf?.nodeNames() ?? []), ...LEGACY.keys()];

  async function preparePlugin(address: string) {
    const parsed = parseAddress(address);
    if (pluginsDir === undefined || !("id" in parsed)) return;
    // Loaded only here: most graphs name no plugin, and what checks and probes them is a third of a short run.
    const { PluginShelf } = await import("./plugins.ts");
    shelf ??= new PluginShelf({ dir: pluginsDir, env, warn, ...probing });
    await shelf.prepare(parsed.id);
  }

  function resolvePlugin(address: string): Resolution {
    const parsed = parseAddress(address);
    if ("fault" in parsed)
      return { ...unknown(address, names()), message: `Cannot find "${address}": ${parsed.fault}` };
    return shelf?.resolve(parsed) ?? unknownPlugin(address, parsed.export, names(), pluginsDir);
  }

  return {
    async prepare(addresses) {
      for (const address of addresses) {
        const name = builtInName(address);
        const load = name === undefined ? undefined : BUILT_IN.get(name);
        if (load !== undefined) builtIn.set(name!, await load());
        // One after the other: each child gets the whole deadline also on a slow board.
        else if (!isLegacyAddress(address)) await preparePlugin(address);
      }
    },
    resolve(address) {
      if (!BUILT_IN.has(address))
        return isLegacyAddress(address) ? resolveLegacy(address, builtIn) : resolvePlugin(address);
      return { found: true, definition: prepared(address, builtIn), origin: "built_in" };
    },
    isLegacy: isLegacyAddress,
    names,
  };
}

/** The built-in node that an address stands for, if this version has it or not. */
function builtInName(address: string): string | undefined {
  const entry = LEGACY.get(address);
  if (entry === undefined) return BUILT_IN.has(address) ? address : undefined;
  return "node" in entry ? entry.node : undefined;
}

function prepared(name: string, builtIn: ReadonlyMap<string, NodeDefinition>): NodeDefinition {
  const definition = builtIn.get(name);
  if (definition === undefined) throw new Error(`prepare() was not called for node "${name}"`);
  return definition;
}

function resolveLegacy(address: string, builtIn: ReadonlyMap<string, NodeDefinition>): Resolution {
  const entry = LEGACY.get(address);
  if (entry === undefined) {
    return { ...unknown(address, []), ...hint(suggestLegacy(address), "a class of your own becomes a plugin") };
  }
  if ("planned" in entry) return notBuiltIn(address, entry.planned, entry.meanwhile);
  if (!BUILT_IN.has(entry.node)) return notBuiltIn(address, entry.node);
  const adapt = (config: Record<string, unknown>) => adaptConfig(entry, config);
  return { found: true, definition: prepared(entry.node, builtIn), legacy: { adapt }, origin: "built_in" };
}

function notBuiltIn(address: string, use: string, meanwhile?: string): Refusal {
  const code = "NODE_NOT_BUILT_IN_YET";
  if (use.startsWith("schnitzel ")) {
    const message = `Cannot use ${address}: it was a job, and no node; ${use} makes a graph of its file`;
    return { found: false, code, message, hint: `${use} FILE shows the graph` };
  }
  if (BUILT_IN.has(use)) {
    // An adapter of the predecessor's first generation had no config of its own that could be read.
    const hint = `write a node with plugin: ${use}; \`schnitzel nodes ${use}\` shows its config`;
    return {
      found: false,
      code,
      message: `Cannot use ${address}: it was no node; its counterpart here is ${use}`,
      hint,
    };
  }
  return {
    found: false,
    code,
    message: `Cannot use ${address}: its counterpart here is ${use}, which this version does not have`,
    hint:
      meanwhile === undefined
        ? `a version that lists ${use} in \`schnitzel nodes\` runs it`
        : `${meanwhile} is the nearest this version has`,
  };
}

function unknown(address: string, names: readonly string[]): Refusal {
  return {
    found: false,
    code: "UNKNOWN_PLUGIN",
    message: `Cannot find a node named "${address}"`,
    ...hint(didYouMean(address, names), "`schnitzel nodes` lists every node"),
  };
}

function unknownPlugin(address: string, name: string | undefined, names: readonly string[], dir?: string): Refusal {
  if (name === undefined) return unknown(address, names);
  const id = address.slice(0, address.indexOf(":"));
  const near = didYouMean(
    id,
    names.filter((known) => !known.includes(":")),
  );
  const where = dir === undefined ? "there is no plugin folder" : `${dir} has no ${id}.ts, ${id}.js or ${id}/plugin.ts`;
  return {
    found: false,
    code: "UNKNOWN_PLUGIN",
    message: `Cannot find "${address}": ${where}`,
    ...hint(near, "plugins stand in `plugins/` beside the graph, or where --plugins points"),
  };
}

const hint = (near: string | undefined, otherwise: string) => ({
  hint: near === undefined ? otherwise : `did you mean ${near}?`,
});
