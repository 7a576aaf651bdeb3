import type { Cancel, Clock } from "../base/clock.ts";
import { totalDrops } from "./counters.ts";
import type { NodeSnapshot, RunSnapshot } from "./snapshot.ts";

/** Twice a second reads as live and costs nothing. */
const INTERVAL_MS = 500;
const CLEAR_LINE = "\r\u001b[K";

export interface ProgressOptions {
  clock: Clock;
  snapshot(): RunSnapshot;
  /** Whether `write` goes to a terminal; when not, nothing is drawn. */
  isTty: boolean;
  /** Width of the terminal; a longer line would wrap and stay. */
  columns(): number;
  write(text: string): void;
}

export interface Progress {
  /** Writes whole lines, such as log lines, above the progress line. */
  above(text: string): void;
  /** Removes the line for good. */
  stop(): void;
}

/** Draws one line about the run on a terminal until it is stopped. */
export function startProgress({ clock, snapshot, isTty, columns, write }: ProgressOptions): Progress {
  if (!isTty) return { above: write, stop() {} };
  let seen = { atMs: clock.monotonicMs(), packets: 0 };
  let line = "";
  let cancel: Cancel;
  const draw = () => {
    const run = snapshot();
    const now = { atMs: clock.monotonicMs(), packets: emitted(run.nodes) };
    line = progressLine(run, ((now.packets - seen.packets) * 1_000) / (now.atMs - seen.atMs)).slice(0, columns() - 1);
    seen = now;
    write(CLEAR_LINE + line);
    cancel = clock.setTimer(draw, INTERVAL_MS);
  };
  cancel = clock.setTimer(draw, INTERVAL_MS);
  return {
    above: (text) => write(line === "" ? text : CLEAR_LINE + text + line),
    stop() {
      cancel();
      if (line !== "") write(CLEAR_LINE);
      line = "";
    },
  };
}

function progressLine(run: RunSnapshot, perSecond: number): string {
  const dropped = run.nodes.reduce((sum, node) => sum + totalDrops(node.counters.dropped), 0);
  const facts = [
    `${run.graph.name} ${run.state}`,
    `${grouped(emitted(run.nodes))} packets`,
    `${grouped(perSecond)}/s`,
    ...(dropped > 0 ? [`${grouped(dropped)} dropped`] : []),
    ...(run.deadLetters.total > 0 ? [`${grouped(run.deadLetters.total)} dead letters`] : []),
    `${Math.floor(run.uptimeMs / 1_000)} s`,
  ];
  return facts.join(" · ");
}

/** Packets that the sources made. */
function emitted(nodes: readonly NodeSnapshot[]): number {
  return nodes.reduce((sum, node) => sum + (node.isSource ? node.counters.produced : 0), 0);
}

function grouped(n: number): string {
  return Math.round(n).toLocaleString("en-US");
}
