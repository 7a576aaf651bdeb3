/** The window of graphs/window.yaml as one would write it by hand for exactly this file, whose times only rise. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";

interface Pane {
  count: number;
  sum: number;
  min: number;
  max: number;
}

const SIZE_MS = 60_000;
const [input, output] = process.argv.slice(2) as [string, string];
const from = openSync(input, "r");
const to = openSync(output, "w");
const buffer = Buffer.alloc(256 * 1024);
const decoder = new TextDecoder();
let panes = new Map<string, Pane>();
let opened = Number.NaN;
let rest = "";
let text = "";
let header = true;

function fire() {
  if (panes.size === 0) return;
  const window = { start: new Date(opened).toISOString(), end: new Date(opened + SIZE_MS).toISOString() };
  for (const key of [...panes.keys()].sort()) {
    const { count, sum, min, max } = panes.get(key)!;
    text += `${JSON.stringify({ key, window, count, mean: sum / count, min, max, final: true, firing: 1 })}\n`;
  }
  panes = new Map();
}

for (let read = readSync(from, buffer); read > 0; read = readSync(from, buffer)) {
  const lines = (rest + decoder.decode(buffer.subarray(0, read), { stream: true })).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    if (header) {
      header = false;
      continue;
    }
    const fields = line.split(",");
    const timeMs = Date.parse(fields[0]!);
    const key = fields[1]!;
    const value = Number(fields[2]);
    const start = Math.floor(timeMs / SIZE_MS) * SIZE_MS;
    if (start !== opened) {
      fire();
      opened = start;
    }
    const pane = panes.get(key);
    if (pane === undefined) panes.set(key, { count: 1, sum: value, min: value, max: value });
    else {
      pane.count += 1;
      pane.sum += value;
      if (value < pane.min) pane.min = value;
      if (value > pane.max) pane.max = value;
    }
  }
  writeSync(to, text);
  text = "";
}
fire();
writeSync(to, text);
closeSync(from);
closeSync(to);
