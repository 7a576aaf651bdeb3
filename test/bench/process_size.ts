import * as fs from "node:fs";
import * as path from "node:path";
import { median } from "./measure.ts";

/** What a process has of the machine. */
export interface Size {
  rssKb: number;
  files: number;
  threads: number;
}

export function sizeOf(pid: number): Size {
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
  const count = (folder: string) => fs.readdirSync(path.join("/proc", String(pid), folder)).length;
  return { rssKb: Number(/VmRSS:\s+(\d+)/.exec(status)![1]), files: count("fd"), threads: count("task") };
}

/** The median of each. */
export function middle(sizes: readonly Size[]): Size {
  const of = (key: keyof Size) => median(sizes.map((size) => size[key]));
  return { rssKb: of("rssKb"), files: of("files"), threads: of("threads") };
}

/** Bounds of a process that changes its graph again and again: 1.1x the memory, no file and no thread more. */
export function growth(before: Size, after: Size) {
  const rss = after.rssKb / before.rssKb;
  const [files, threads] = [after.files - before.files, after.threads - before.threads];
  const said = `RSS ${rss.toFixed(2)}x of ${(before.rssKb / 1024).toFixed(0)} MB; files ${signed(files)}, threads ${signed(threads)}`;
  return { said, ok: rss <= 1.1 && files <= 0 && threads <= 0 };
}

const signed = (more: number) => (more < 0 ? `${more}` : `+${more}`);
