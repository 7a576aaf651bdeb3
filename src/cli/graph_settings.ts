import * as fs from "node:fs";
import * as path from "node:path";
import { BYTE_SIZE, bytesOf } from "../base/byte_size.ts";
import {
  type AskedProfile,
  type CompileOptions,
  type CompileResult,
  compileGraph,
  formatDiagnostics,
  type GraphSource,
  MAX_GRAPH_BYTES,
  parseEnvFile,
} from "../graph/index.ts";
import { createRegistry, type Registry } from "../registry/index.ts";
import { type FlagValues, flag, UsageError } from "./command/index.ts";
import { newSource } from "./migrated_source.ts";
import type { Terminal } from "./terminal.ts";

/** Flags of every command that reads graphs. */
export const GRAPH_FLAGS = {
  set: flag.texts("PATH=VALUE", "Change a value of the graph, such as vars.rate=5 or nodes.cam.config.fps=5."),
  profile: flag.text(
    "NAME",
    "Run with this profile, built in or the graph's own, or with none; over SCHNITZEL_PROFILE and the graph's profile.",
  ),
  "env-file": flag.text("FILE", "Take variables from NAME=value lines; they win over the environment."),
  plugins: flag.text("DIR", "Folder with plugins, instead of plugins/ beside the graph or beside its folder."),
  "max-graph-bytes": flag.text("SIZE", "Longest graph text, such as 4MiB; 1MiB unless given."),
};

/** What {@link GRAPH_FLAGS} say, checked. */
export interface GraphSettings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly set: readonly string[];
  readonly profile: AskedProfile | undefined;
  readonly maxBytes: number;
  /** The plugin folder for a graph in `baseDir`. */
  pluginsDir(baseDir: string): string;
}

export function graphSettings(flags: FlagValues<typeof GRAPH_FLAGS>, terminal: Terminal): GraphSettings {
  const { plugins, set } = flags;
  if (plugins !== undefined && !fs.statSync(path.resolve(terminal.cwd, plugins), { throwIfNoEntry: false })) {
    throw new UsageError(`--plugins ${plugins} is not there`);
  }
  const given = plugins === undefined ? undefined : path.resolve(terminal.cwd, plugins);
  const env = { ...terminal.env, ...envFile(flags["env-file"], terminal) };
  return {
    env,
    set,
    profile: askedProfile(flags.profile, env),
    maxBytes: maxBytes(flags["max-graph-bytes"]),
    pluginsDir: (baseDir) => given ?? nearestPlugins(baseDir),
  };
}

function askedProfile(flagged: string | undefined, env: GraphSettings["env"]): AskedProfile | undefined {
  if (flagged !== undefined) return { name: flagged, by: "--profile" };
  const named = env.SCHNITZEL_PROFILE;
  // Set to nothing is as good as not set, as in a shell's default.
  return named === undefined || named === "" ? undefined : { name: named, by: "SCHNITZEL_PROFILE" };
}

/** `plugins/` beside the graph; a project that keeps its graphs in a folder has it beside that folder. */
function nearestPlugins(baseDir: string): string {
  const [own, shared] = [path.join(baseDir, "plugins"), path.join(baseDir, "../plugins")];
  return !fs.existsSync(own) && fs.existsSync(shared) ? shared : own;
}

function envFile(file: string | undefined, { cwd, color }: Terminal): Record<string, string> {
  if (file === undefined) return {};
  let text: string;
  try {
    text = fs.readFileSync(path.resolve(cwd, file), "utf8");
  } catch (error) {
    throw new UsageError(`cannot read --env-file ${file}: ${(error as Error).message}`);
  }
  const { values, diagnostics } = parseEnvFile(text, file);
  if (diagnostics.length === 0) return values;
  const findings = formatDiagnostics(diagnostics, { texts: { [file]: text }, color });
  throw new UsageError(`--env-file ${file} cannot be used:\n\n${findings}\n`);
}

function maxBytes(size: string | undefined): number {
  if (size === undefined) return MAX_GRAPH_BYTES;
  if (BYTE_SIZE.test(size) && bytesOf(size) > 0) return bytesOf(size);
  throw new UsageError(`--max-graph-bytes must be a size such as 4MiB or 2000000: current value is "${size}"`);
}

/** Checks graphs; those of one plugin folder share what was loaded from it. */
export class GraphChecker {
  readonly #settings: GraphSettings;
  readonly #terminal: Terminal;
  readonly #registries = new Map<string, Registry>();

  constructor(settings: GraphSettings, terminal: Terminal) {
    this.#settings = settings;
    this.#terminal = terminal;
  }

  /** `resources`: also look for the files that nodes read. Old jobs and process graphs are migrated in memory. */
  async check(
    given: GraphSource,
    { resources = false }: Pick<CompileOptions, "resources"> = {},
  ): Promise<CompileResult> {
    const { env, set, maxBytes, profile } = this.#settings;
    const { source, refused } = await newSource(
      given,
      () => this.registry(given.baseDir),
      env,
      maxBytes,
      this.#terminal,
    );
    if (source === undefined) return refused;
    return compileGraph(source, {
      catalogue: this.registry(source.baseDir),
      env,
      set,
      maxBytes,
      profile,
      resources,
      compatCwd: this.#terminal.cwd,
    });
  }

  registry(baseDir: string): Registry {
    const pluginsDir = this.#settings.pluginsDir(baseDir);
    const known = this.#registries.get(pluginsDir);
    if (known !== undefined) return known;
    const warn = (message: string) => this.#terminal.err(`${message}\n`);
    const registry = createRegistry({ pluginsDir, env: this.#terminal.env, warn });
    this.#registries.set(pluginsDir, registry);
    return registry;
  }
}
