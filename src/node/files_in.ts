import * as path from "node:path";
import type { Files } from "./files.ts";

/** {@link Files} whose relative paths start at `folder`, which starts where those of `files` do. */
export function filesIn(files: Files, folder: string): Files {
  const at = (file: string) => inFolder(folder, file);
  return {
    resolve: (file) => files.resolve(at(file)),
    exists: (file) => files.exists(at(file)),
    stat: (file) => files.stat(at(file)),
    linkStat: (file) => files.linkStat(at(file)),
    open: (file, flags) => files.open(at(file), flags),
    readText: (file) => files.readText(at(file)),
    readBytes: (file) => files.readBytes(at(file)),
    makeDir: (dir) => files.makeDir(at(dir)),
    list: (dir) => files.list(at(dir)),
    rename: (from, to) => files.rename(at(from), at(to)),
    move: (from, to) => files.move(at(from), at(to)),
    remove: (file) => files.remove(at(file)),
    flush: (file) => files.flush(at(file)),
    freeBytes: (dir) => files.freeBytes(at(dir)),
  };
}

/** A model as seen from where `folder` starts: a name that is no file means the same everywhere. */
export const modelIn = (folder: string | undefined, model: string): string =>
  isModelFile(model) ? inFolder(folder, model) : model;

/** Whether a model's name means a file: a path, or a name with an ending. */
export const isModelFile = (model: string) => /[/\\]|\.[a-z0-9]+$/i.test(model);

/** A path as seen from where `folder` starts; one that is absolute stays. */
export const inFolder = (folder: string | undefined, file: string): string =>
  folder === undefined || path.isAbsolute(file) ? file : path.join(folder, file);
