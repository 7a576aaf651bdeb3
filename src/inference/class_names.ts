import type { OnnxFile } from "./onnx_file.ts";

/** More names than any model has; a file from outside decides how many there are. */
const MAX_CLASSES = 65_536;

/**
 * Class names from a file's metadata `names`, as Ultralytics writes them: a Python map such as
 * `{0: 'person', 1: "driver's cab"}`. Empty when there are none, or when they are written otherwise.
 */
export function classNames({ metadata }: OnnxFile): readonly string[] {
  const names: string[] = [];
  for (const [, id, single, double] of (metadata.get("names") ?? "").matchAll(ENTRY)) {
    if (Number(id) >= MAX_CLASSES) return [];
    names[Number(id)] = (single ?? double)!.replace(/\\(.)/g, "$1");
  }
  return Array.from(names, (name, id) => name ?? String(id));
}

const ENTRY = /(\d+)\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g;
