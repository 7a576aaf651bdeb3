import { expect } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { ROOT, run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

/** A section of a page, with its blocks. */
export interface Section {
  title: string;
  /** By what stands behind the backticks: `yaml`, `text in`, `csv file=x.csv`, `json out`, `json file-out=y`. */
  blocks: { info: string; body: string }[];
}

export const sectionsOf = (page: string): Section[] =>
  fs
    .readFileSync(path.join(ROOT, page), "utf8")
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      title: section.slice(0, section.indexOf("\n")),
      blocks: [...section.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, info, body]) => ({
        info: info!,
        body: body!,
      })),
    }));

/** The only block whose mark fits, or an empty text. */
export function only({ blocks }: Section, mark: RegExp): string {
  const found = blocks.filter(({ info }) => mark.test(info));
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0]?.body ?? "";
}

/** Blocks named after a file: name → text. */
export function files({ blocks }: Section, mark: "file" | "file-out"): Record<string, string> {
  const named = blocks.map(({ info, body }) => [new RegExp(` ${mark}=(\\S+)$`).exec(info)?.[1], body] as const);
  return Object.fromEntries(named.filter(([name]) => name !== undefined));
}

/** Runs the section's graph with the binary on its input, and compares what comes out. */
export async function runSection(section: Section) {
  const graph = only(section, /^yaml$/);
  const input = files(section, "file");
  using folder = folderWith({ ...input, "graph.yaml": graph });
  // A graph that follows a file ends only when it is told to.
  const count = Object.values(input).join("").split("\n").length - 1;
  const flags = graph.includes("follow: true") ? ["--max-packets", String(count)] : [];
  const { code, stdout, stderr } = await run(["run", "graph.yaml", ...flags], {
    cwd: folder.folder,
    stdin: only(section, / in$/),
  });
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toBe(only(section, / out$/));
  for (const [name, text] of Object.entries(files(section, "file-out"))) {
    expect(fs.readFileSync(folder.at(name), "utf8")).toBe(text);
  }
}
