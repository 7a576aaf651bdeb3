import { didYouMean } from "../base/suggest.ts";
import type { NodeDefinition } from "../node/index.ts";
import { BUILT_IN, DOMAINS, loadBuiltIn } from "../nodes/list.ts";
import { createRegistry } from "../registry/index.ts";
import { UsageError } from "./command/index.ts";
import type { Terminal } from "./terminal.ts";

/** A node that a graph can name. */
export interface Listed {
  /** What stands behind `plugin:` in a graph. */
  address: string;
  /** `plugin` for those that are not built in. */
  domain: string;
  definition: NodeDefinition;
}

/** Every built-in node, by domain. */
export const builtInNodes = async (): Promise<Listed[]> => (await loadBuiltIn()).map(builtInNode);

function builtInNode(definition: NodeDefinition): Listed {
  const [domain] = Object.entries(DOMAINS).find(([, nodes]) => Object.hasOwn(nodes, definition.name))!;
  return { address: definition.name, domain, definition };
}

/** Every built-in node and those of the plugins in `pluginsDir`; a plugin that is refused is told on stderr. */
export async function listNodes(pluginsDir: string, terminal: Terminal): Promise<Listed[]> {
  const warn = (message: string) => terminal.err(`${message}\n`);
  const registry = createRegistry({ pluginsDir, env: terminal.env, warn });
  const plugins = registry.names().filter((name) => !BUILT_IN.has(name) && !name.includes(":"));
  await registry.prepare(plugins);
  const refused = plugins.map((plugin) => registry.resolve(plugin)).filter(({ found }) => !found);
  for (const resolution of refused) if (!resolution.found && isRefusal(resolution.code)) warn(resolution.message);
  // The nodes of the plugins that were loaded are names by now.
  const addresses = registry.names().filter((name) => plugins.some((plugin) => name.startsWith(`${plugin}:`)));
  const loaded = addresses.flatMap((address): Listed[] => {
    const resolution = registry.resolve(address);
    return resolution.found ? [{ address, domain: "plugin", definition: resolution.definition }] : [];
  });
  return [...(await builtInNodes()), ...loaded];
}

/** A plugin with several nodes does not resolve by its name alone, and is none the worse for it. */
const isRefusal = (code: string) => code !== "UNKNOWN_PLUGIN";

/** The node of this name, also by one of the predecessor's addresses. */
export async function findNode(name: string, pluginsDir: string, terminal: Terminal): Promise<Listed> {
  const warn = (message: string) => terminal.err(`${message}\n`);
  const registry = createRegistry({ pluginsDir, env: terminal.env, warn });
  await registry.prepare([name]);
  const resolution = registry.resolve(name);
  if (resolution.found) {
    const { definition, origin } = resolution;
    return origin === "built_in" ? builtInNode(definition) : { address: name, domain: "plugin", definition };
  }
  const near = didYouMean(name, BUILT_IN.keys());
  throw new UsageError(resolution.message, near === undefined ? resolution.hint : `did you mean ${near}?`);
}
