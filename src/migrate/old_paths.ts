import { type MapTree, type Path, spotAt } from "../graph/raw.ts";
import { diskFiles } from "../node/index.ts";
import { type MigrateContext, relativeTo } from "./context.ts";

/** Keys of our nodes that name files and folders. */
const PATHS = ["path", "dir", "file_path", "output_path", "class_map_file"];

/** Paths began at the old file's folder, or the current one; in the new graph they begin at its own folder. */
export function newPaths(
  config: Record<string, unknown>,
  { raw, base, baseDir }: { raw: MapTree; base: Path; baseDir: string },
  { cwd, targetDir, leftOuts }: MigrateContext,
): Record<string, unknown> {
  const files = diskFiles({ base: baseDir, fallback: cwd });
  const moved = (key: string, value: unknown) => {
    if (!isPath(key, value) || value.startsWith("/")) return value;
    if (!value.includes("${")) return relativeTo(targetDir, files.resolve(value));
    if (cwd !== targetDir || baseDir !== targetDir) {
      leftOuts.add(spotAt(raw, [key]), [...base, key], `a relative path in the variable begins at ${targetDir} now`);
    }
    return value;
  };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, moved(key, value)]));
}

const isPath = (key: string, value: unknown): value is string =>
  typeof value === "string" && value !== "" && (PATHS.includes(key) || (key === "model" && /[/\\]|\.\w+$/.test(value)));
