import { LOCK_FILE, type LockEntry, readLock } from "./lock.ts";
import { asResolution, PluginRefused } from "./refusal.ts";

/** Who may be loaded from one plugin folder. Asked once per folder; a lock, when there is one, decides alone. */
export interface Allowlist {
  /** Throws unless plugin `id` may be loaded; gives its lock entry when there is a lock. */
  admit(id: string): LockEntry | undefined;
  /** Plugins a lock names, for suggestions. */
  readonly locked: readonly LockEntry[];
  /** Said once on stderr: the rule is open to more than a lock would be. */
  readonly warning?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

export function readAllowlist(dir: string, env: Env): Allowlist {
  try {
    const locked = readLock(dir);
    if (locked !== undefined) return byLock(locked, dir);
  } catch (error) {
    asResolution(error);
    return { locked: [], admit: () => rethrow(error) };
  }
  if (["1", "true", "yes"].includes((env.ALLOW_ALL_PLUGINS ?? "").trim().toLowerCase())) {
    return {
      locked: [],
      admit: () => undefined,
      warning: openWarning(dir, "ALLOW_ALL_PLUGINS lets every file in it run"),
    };
  }
  return byPrefix(dir, (env.ALLOWED_PLUGIN_PREFIXES ?? "").split(",").map(cleanPrefix).filter(Boolean));
}

function byLock(locked: ReadonlyMap<string, LockEntry>, dir: string): Allowlist {
  return {
    locked: [...locked.values()],
    admit(id) {
      const entry = locked.get(id);
      if (entry !== undefined) return entry;
      throw new PluginRefused(
        "PLUGIN_NOT_ALLOWED",
        `Cannot load plugin "${id}" as ${LOCK_FILE} does not name it: with a lock, the lock alone decides`,
        `read the plugin, then run \`schnitzel plugin lock ${dir}\``,
      );
    },
  };
}

function byPrefix(dir: string, prefixes: readonly string[]): Allowlist {
  return {
    locked: [],
    ...(prefixes.length === 0
      ? {}
      : { warning: openWarning(dir, `ALLOWED_PLUGIN_PREFIXES lets ${prefixes.join(", ")} run`) }),
    admit(id) {
      if (prefixes.some((prefix) => segmentPrefix(prefix, id))) return undefined;
      const also = "for development ALLOWED_PLUGIN_PREFIXES or ALLOW_ALL_PLUGINS=true";
      throw new PluginRefused(
        "PLUGIN_NOT_ALLOWED",
        `Cannot load plugin "${id}" as nothing allows it: ${dir} has no ${LOCK_FILE}`,
        `read the plugin, then run \`schnitzel plugin lock ${dir}\`; ${also}`,
      );
    },
  };
}

/** The predecessor's values ended in a dot; whole segments do not need it. */
const cleanPrefix = (prefix: string) => prefix.trim().replace(/[./]+$/, "");

/** `foo` covers `foo` and `foo.bar`, not `foobar`. */
export function segmentPrefix(prefix: string, name: string): boolean {
  return name === prefix || (name.startsWith(prefix) && /^[./]/.test(name.slice(prefix.length)));
}

const openWarning = (dir: string, rule: string) =>
  `Plugins from ${dir} are loaded without a lock: ${rule}, whatever its bytes. For development only; \`schnitzel plugin lock\` pins them.`;

function rethrow(error: unknown): never {
  throw error;
}
