import { didYouMean } from "../base/suggest.ts";
import type { Catalogue, NodeDefinition, Resolution } from "../node/index.ts";
import { BUILT_IN } from "../nodes/list.ts";
import { isLegacyAddress, LEGACY, suggestLegacy } from "./legacy.ts";
import { adaptConfig } from "./legacy_config.ts";

export interface RegistryOptions {
  /** Folder with plugin files and `plugins.lock.yaml`; without it there are no plugins. */
  pluginsDir?: string;
  /** Environment; only the variables of the allowlist are read. */
  env: Readonly<Record<string, string | undefined>>;
}

export interface Registry extends Catalogue {
  /** Built-in nodes in their order, then those of the plugins loaded so far. */
  definitions(): readonly NodeDefinition[];
}

type Refusal = Extract<Resolution, { found: false }>;

/** Looks up what a graph's `plugin:` names: a built-in, an address of the predecessor, or a plugin. */
export function createRegistry(_options: RegistryOptions): Registry {
  const builtIn = new Map(BUILT_IN.map((definition) => [definition.name, definition]));
  const names = () => [...builtIn.keys(), ...LEGACY.keys()];
  return {
    async prepare() {},
    resolve(address) {
      const definition = builtIn.get(address);
      if (definition !== undefined) return { found: true, definition, origin: "built_in" };
      if (isLegacyAddress(address)) return resolveLegacy(address, builtIn);
      return unknown(address, names());
    },
    isLegacy: isLegacyAddress,
    names,
    definitions: () => BUILT_IN,
  };
}

function resolveLegacy(address: string, builtIn: ReadonlyMap<string, NodeDefinition>): Resolution {
  const entry = LEGACY.get(address);
  if (entry === undefined) {
    return { ...unknown(address, []), ...hint(suggestLegacy(address), "a class of your own becomes a plugin") };
  }
  if ("planned" in entry) return notBuiltIn(address, entry.planned, entry.meanwhile);
  const definition = builtIn.get(entry.node);
  if (definition === undefined) return notBuiltIn(address, entry.node);
  return {
    found: true,
    definition,
    legacy: { adapt: (config) => adaptConfig(entry, config) },
    origin: "built_in",
  };
}

function notBuiltIn(address: string, use: string, meanwhile?: string): Refusal {
  return {
    found: false,
    code: "NODE_NOT_BUILT_IN_YET",
    message: `Cannot use ${address}: its counterpart here is ${use}, which this version does not have`,
    hint:
      meanwhile === undefined
        ? `a version that lists ${use} in \`schnitzel nodes\` runs it`
        : `${meanwhile} is the nearest it has`,
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

const hint = (near: string | undefined, otherwise: string) => ({
  hint: near === undefined ? otherwise : `did you mean ${near}?`,
});
