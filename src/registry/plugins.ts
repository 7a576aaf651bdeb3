import type { NodeDefinition, Resolution } from "../node/index.ts";
import type { Address } from "./address.ts";
import { type Allowlist, readAllowlist } from "./allowlist.ts";
import { checkApi, declaredApi } from "./api_version.ts";
import { chooseExport, definitionsOf } from "./exports.ts";
import { checkImports } from "./imports.ts";
import { checkHash, type LockEntry } from "./lock.ts";
import { findPlugin, onlyFile, type PluginSource, readPlugin } from "./plugin_file.ts";
import { type ProbeOptions, probe } from "./probe.ts";
import { asResolution, PluginRefused } from "./refusal.ts";

export interface LoadedPlugin {
  source: PluginSource;
  definitions: ReadonlyMap<string, NodeDefinition>;
}

export interface ShelfOptions extends ProbeOptions {
  dir: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Told once when plugins may load without a lock. */
  warn(message: string): void;
}

/** The plugins of one folder: each is looked at once, and what came of it stays for this run. */
export class PluginShelf {
  readonly #options: ShelfOptions;
  readonly #outcomes = new Map<string, LoadedPlugin | PluginRefused | undefined>();
  #allowlist: Allowlist | undefined;

  constructor(options: ShelfOptions) {
    this.#options = options;
  }

  /** Loads plugin `id` unless it was looked at before. */
  async prepare(id: string): Promise<void> {
    if (this.#outcomes.has(id)) return;
    try {
      this.#outcomes.set(id, await this.#load(id));
    } catch (error) {
      if (!(error instanceof PluginRefused)) throw error;
      this.#outcomes.set(id, error);
    }
  }

  /** Undefined when there is no such plugin. */
  resolve({ id, export: name }: Address): Resolution | undefined {
    if (!this.#outcomes.has(id)) throw new Error(`prepare() was not called for plugin "${id}"`);
    const outcome = this.#outcomes.get(id);
    if (outcome === undefined) return undefined;
    if (outcome instanceof PluginRefused) return asResolution(outcome);
    try {
      const definition = chooseExport(outcome.source, outcome.definitions, name);
      const { file, sha256 } = outcome.source;
      return { found: true, definition, origin: { file, sha256 } };
    } catch (error) {
      return asResolution(error);
    }
  }

  /** Addresses of the nodes of the plugins that are loaded. */
  nodeNames(): string[] {
    return this.#loaded().flatMap(({ source, definitions }) =>
      [...definitions.keys()].filter((name) => name !== "default").map((name) => `${source.id}:${name}`),
    );
  }

  #loaded(): LoadedPlugin[] {
    return [...this.#outcomes.values()].filter((outcome) => outcome !== undefined && "definitions" in outcome);
  }

  async #load(id: string): Promise<LoadedPlugin | undefined> {
    const { dir } = this.#options;
    const files = findPlugin(dir, id);
    if (files.length === 0) return undefined;
    const locked = this.#admit(id);
    const source = readPlugin(dir, id, locked?.file ?? onlyFile(dir, id, files));
    if (locked !== undefined) checkHash(source, locked);
    return { source, definitions: await loadChecked(source, locked, this.#options) };
  }

  #admit(id: string): LockEntry | undefined {
    if (this.#allowlist === undefined) {
      this.#allowlist = readAllowlist(this.#options.dir, this.#options.env);
      if (this.#allowlist.warning !== undefined) this.#options.warn(this.#allowlist.warning);
    }
    return this.#allowlist.admit(id);
  }
}

/** Every check of the bytes, then the trial in a child, then the plugin itself. */
async function loadChecked(source: PluginSource, locked: LockEntry | undefined, options: ProbeOptions) {
  const wanted = declaredApi(source.text) ?? locked?.api;
  if (wanted !== undefined) checkApi(source.id, wanted);
  checkImports(source);
  await probe(source, options);
  return definitionsOf(source);
}
