/** Streams of the graph, each a partition of its durable edge. */
export const STREAMS = ["a", "b", "c", "d"];
/** Packets of a count window: many are closed over the run, and some are open at each reload. */
export const WINDOW = 500;
/** A batch leaves by the clock long before it has so many: one that has lost its timer would. */
export const MOST = 20_000;

export interface Load {
  /** Packets of each stream. */
  count: number;
  /** Packets per second of each stream; 0 as fast as they are taken. */
  rate: number;
  /** What may wait in the durable edge, so that its sources are held back. */
  maxBytes: string;
}

/**
 * What each reload changes, in turn, before the durable edge and behind it: a node is replaced, one is put in, one with
 * state is replaced (windows), one with state and a timer (batches), and what was put in is taken out.
 */
const TURNS = ["front", "rear", "enter", "leave", "windows", "batches", "no_enter", "no_leave"] as const;

/** For each change, the reload that made it last. */
export type Version = Partial<Record<(typeof TURNS)[number], number>>;

/** The graph after reload `at`, which counts from 1. */
export const nextVersion = (version: Version, at: number): Version => ({
  ...version,
  [TURNS[(at - 1) % TURNS.length]!]: at,
});

/** Nodes that are replaced or put in write into each packet which reload brought them. */
export const MARKS = ["enter", "front", "rear", "leave"] as const;

/** Numbered packets of all streams over a durable edge, to a file of packets, one of windows and one of batches. */
export function loadGraph({ count, rate, maxBytes }: Load, version: Version): string {
  const { front = 0, rear = 0, enter = 0, leave = 0, no_enter = 0, no_leave = 0, windows = 0, batches = 0 } = version;
  const [entering, leaving] = [enter > no_enter, leave > no_leave];
  const nodes = [
    ...STREAMS.map((id) => `{ id: ${id}, plugin: generate_source, config: { count: ${count}, rate: ${rate} } }`),
    ...(entering ? [marking("enter", enter)] : []),
    marking("front", front),
    marking("rear", rear, "{ set: s, cel: source_id }, "),
    ...(leaving ? [marking("leave", leave)] : []),
    `{ id: windows, plugin: window_aggregate, config: { window: { type: count, size: ${WINDOW} }, aggregates: ${ASKED}, max_keys: ${1_000 + windows} } }`,
    `{ id: batches, plugin: batch, config: { key: s, max_packets: ${MOST}, max_bytes: 268435456, max_wait: 50ms, max_held: ${500_000 + batches} } }`,
    // A sync of a file would stop the thread, and look like a pause.
    ...FILES.map(
      (id) => `{ id: ${id}_file, plugin: jsonl_sink, config: { path: ${id}.jsonl, body: payload, fsync: never } }`,
    ),
  ];
  const edges = [
    ...STREAMS.map((id) => `{ from: ${id}, to: ${entering ? "enter" : "front"} }`),
    ...(entering ? ["{ from: enter, to: front }"] : []),
    `{ from: front, to: rear, durable: { max_bytes: ${maxBytes} } }`,
    ...(leaving ? ["{ from: rear, to: leave }"] : []),
    `{ from: ${leaving ? "leave" : "rear"}, to: packets_file }`,
    ...["windows", "batches"].flatMap((id) => [`{ from: rear, to: ${id} }`, `{ from: ${id}, to: ${id}_file }`]),
  ];
  return `version: 2\nname: yard\nnodes:\n${list(nodes)}edges:\n${list(edges)}`;
}

const ASKED = "{ min: { fn: min, of: i }, max: { fn: max, of: i }, sum: { fn: sum, of: i } }";
/** Each is NAME.jsonl in the folder of the graph. */
export const FILES = ["packets", "windows", "batches"] as const;

const marking = (id: string, at: number, before = "") =>
  `{ id: ${id}, plugin: map, config: { ops: [${before}{ set: ${id}, value: ${at} }] } }`;

const list = (items: readonly string[]) => items.map((item) => `  - ${item}\n`).join("");
