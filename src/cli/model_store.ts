import * as path from "node:path";
import { embeddedFile } from "../base/embedded.ts";
import { type ModelPlaces, ModelStore } from "../inference/index.ts";
import type { Files } from "../node/index.ts";
import { flag } from "./command/index.ts";
import { homeFolder, osPaths } from "./paths.ts";
import type { Terminal } from "./terminal.ts";

/** Flags of every command about models. */
export const MODEL_FLAGS = {
  models: flag.text("DIR", "Folder of stored models, instead of SCHNITZEL_MODELS or the usual one."),
  json: flag.toggle("Print the result as JSON."),
};

/** Models of this user, or of the machine where root keeps them: `--models`, SCHNITZEL_MODELS, else by convention. */
export function modelStore(given: string | undefined, { env, cwd }: Pick<Terminal, "env" | "cwd">): ModelStore {
  const { platform } = process;
  const isRoot = process.getuid?.() === 0;
  const folder = given ?? (env.SCHNITZEL_MODELS || undefined);
  if (folder !== undefined) return new ModelStore(path.resolve(cwd, folder));
  return new ModelStore(osPaths({ platform, env, home: homeFolder(), isRoot }).models);
}

/** Where a graph in the folder of `files` finds its models. */
export const modelPlaces = (files: Files, store: ModelStore): ModelPlaces => ({ files, store, embedded: embeddedFile });

export const printJson = (terminal: Terminal, result: object) =>
  terminal.out(`${JSON.stringify({ schema_version: 1, ...result }, null, 2)}\n`);

/** `3.7 MB`. */
export const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
