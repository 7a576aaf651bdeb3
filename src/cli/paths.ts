import * as os from "node:os";
import * as path from "node:path";

/** Where schnitzel keeps what is not part of a project. */
export interface OsPaths {
  config: string;
  /** One folder per graph below it. */
  state: string;
  logs: string;
  /** Models that were pulled or added; all graphs share them. */
  models: string;
}

export interface PathsOptions {
  platform: NodeJS.Platform;
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  /** Root uses the machine's folders instead of its home. */
  isRoot: boolean;
}

/** In place of a home that nobody knows; nothing is ever written there. */
export const NO_HOME = "/nonexistent";

/** The user's home; {@link NO_HOME} for a user that no list knows, without HOME, as in a container. */
export function homeFolder(): string {
  try {
    return os.homedir();
  } catch {
    return NO_HOME;
  }
}

/** Folders by the conventions of the operating system; on Linux the XDG variables win. */
export function osPaths({ platform, env, home, isRoot }: PathsOptions): OsPaths {
  if (platform === "win32") return windowsPaths(env.ProgramData || "C:\\ProgramData");
  if (platform === "darwin") return macPaths(path.posix.join(home, "Library"));
  const folder = (variable: string, root: string, user: string) => {
    // The XDG specification: a relative path is not valid and is ignored.
    const given = env[variable];
    if (given?.startsWith("/")) return path.posix.join(given, "schnitzel");
    return isRoot ? root : path.posix.join(home, user, "schnitzel");
  };
  const state = folder("XDG_STATE_HOME", "/var/lib/schnitzel", ".local/state");
  return {
    config: folder("XDG_CONFIG_HOME", "/etc/schnitzel", ".config"),
    state,
    logs: state === "/var/lib/schnitzel" ? "/var/log/schnitzel" : path.posix.join(state, "log"),
    // Not below the state: every name there is a graph's.
    models: path.posix.join(folder("XDG_DATA_HOME", "/usr/local/share/schnitzel", ".local/share"), "models"),
  };
}

function windowsPaths(programData: string): OsPaths {
  const folder = path.win32.join(programData, "schnitzel");
  const inside = (name: string) => path.win32.join(folder, name);
  return { config: folder, state: inside("state"), logs: inside("log"), models: inside("models") };
}

function macPaths(library: string): OsPaths {
  const folder = path.posix.join(library, "Application Support/schnitzel");
  return {
    config: folder,
    state: path.posix.join(folder, "state"),
    logs: path.posix.join(library, "Logs/schnitzel"),
    models: path.posix.join(folder, "models"),
  };
}
