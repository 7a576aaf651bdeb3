import * as fs from "node:fs";
import * as path from "node:path";
import type { StreamPacket } from "../../packet/index.ts";
import { readRecording } from "../../record/index.ts";
import type { GivenFrom, GivenPacket, TestCase } from "./shape.ts";

/** What a source is to send, and when. Fields that are left out are filled in when its time has come. */
export interface GivenMoment {
  readonly atMs: number;
  readonly node: string;
  readonly fields: Partial<StreamPacket>;
}

/** Packets of one case: more than a person writes, and what a recording of an hour may have. */
const MAX_MOMENTS = 5_000_000;

/** Everything that the sources of a case send, in order. Throws an Error that says which file cannot be used. */
export function givenMoments({ given = {}, recording }: TestCase, folder: string): GivenMoment[] {
  const moments: GivenMoment[] = [];
  const add = (moment: GivenMoment) => {
    if (moments.push(moment) > MAX_MOMENTS) throw new Error(`a case gives more than ${MAX_MOMENTS} packets`);
  };
  if (recording !== undefined)
    for (const moment of recorded(path.resolve(folder, recording))) {
      if (given[moment.node] === undefined) add(moment);
    }
  for (const [node, what] of Object.entries(given)) for (const moment of momentsOf(node, what, folder)) add(moment);
  // Packets of one time stay in the order they were written in.
  return moments.sort((a, b) => a.atMs - b.atMs);
}

/** Sources that a recording has packets of. */
export function recordedSources(file: string): string[] {
  const recording = readRecording(file);
  recording.close();
  return recording.header.sources.map(({ node }) => node);
}

function* momentsOf(node: string, what: readonly GivenPacket[] | GivenFrom, folder: string): Generator<GivenMoment> {
  if (Array.isArray(what)) return yield* repeated(node, what as readonly GivenPacket[], 0, 0);
  const { packets, file, recording, node: from, at = 0, every = 0 } = what as GivenFrom;
  if (packets !== undefined) yield* repeated(node, packets, at, every);
  if (file !== undefined) {
    for (const [index, fields] of packetLines(path.resolve(folder, file)).entries()) {
      yield { atMs: at + index * every, node, fields };
    }
  }
  if (recording === undefined) return;
  for (const moment of recorded(path.resolve(folder, recording))) {
    if (moment.node === (from ?? node)) yield { ...moment, node, atMs: at + moment.atMs };
  }
}

/** A packet without a time comes with the one before it, or `everyMs` behind it. */
function* repeated(node: string, packets: readonly GivenPacket[], startMs: number, everyMs: number) {
  let nextMs = startMs;
  for (const { at, repeat = 1, every = everyMs, ...fields } of packets) {
    if (at !== undefined) nextMs = startMs + at;
    for (let time = 0; time < repeat; time++) {
      yield { atMs: nextMs, node, fields: fields as Partial<StreamPacket> };
      nextMs += every;
    }
  }
}

function* recorded(file: string): Generator<GivenMoment> {
  for (const event of readRecording(file).events) {
    if (!("packet" in event)) continue;
    yield { atMs: event.at, node: event.from.slice(0, event.from.lastIndexOf(".")), fields: event.packet };
  }
}

/** JSON lines: whole packets, or the fields that matter. */
function packetLines(file: string): Partial<StreamPacket>[] {
  const lines = fs.readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      const fields: unknown = JSON.parse(line);
      if (typeof fields === "object" && fields !== null && "payload" in fields) return [fields];
    } catch {}
    throw new Error(`line ${index + 1} of ${file} is no packet: it must be a JSON map with a payload`);
  });
}
