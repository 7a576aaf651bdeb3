import * as pluginApi from "../node/plugin_api.ts";
import { API_MODULE, languageOf } from "./imports.ts";
import type { PluginSource } from "./plugin_file.ts";

/** What stays of a plugin once its bytes were read and checked. */
export type CheckedSource = Pick<PluginSource, "id" | "file" | "text" | "sha256">;

const served = new Set<string>();

/**
 * Runs the bytes that were checked, and no file: they become a module of this process, named after the file and
 * its hash, so a stack trace reads `plugin:loiter.ts@1a2b3c4d5e6f7a8b:12:5`.
 */
export async function importPlugin({ file, text, sha256 }: CheckedSource): Promise<Record<string, unknown>> {
  serve(API_MODULE, { exports: { ...pluginApi }, loader: "object" });
  const name = `plugin:${file}@${sha256.slice(0, 16)}`;
  serve(name, { contents: text, loader: languageOf(file) });
  return import(name);
}

/** A name is served once: the same name is the same bytes. */
function serve(name: string, result: Bun.OnLoadResult) {
  if (served.has(name)) return;
  served.add(name);
  Bun.plugin({ name, setup: (build) => void build.module(name, () => result) });
}
