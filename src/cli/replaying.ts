import * as fs from "node:fs";
import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { didYouMean } from "../base/suggest.ts";
import { virtualClock } from "../base/virtual_clock.ts";
import type { GraphPlan } from "../graph/index.ts";
import { isBytesRef, replace, type StreamPacket } from "../packet/index.ts";
import type { PacketRecord, ReadRecording, RecordingHeader } from "../record/index.ts";
import { openInline } from "../store/index.ts";
import { Conductor, type Moment, Outside, pace, replaced, watchedHost } from "../trial/index.ts";
import { UsageError } from "./command/index.ts";
import type { Replaying } from "./run_settings.ts";

export interface ReplayOptions {
  readonly plan: GraphPlan;
  readonly recording: ReadRecording;
  /** Seconds of the recording in one second. */
  readonly speed: number;
  /** Sources that take part; undefined: all. */
  readonly only: readonly string[] | undefined;
  /** The state goes with the run. */
  readonly scratch: boolean;
  /** Folder for what payloads referred to, beside the recording. */
  readonly blobs: string;
  /** Tells what a person should know of the recording. */
  say(message: string): void;
}

/** The plan with the recording in place of its sources, and what runs it in the recording's time. */
export function replaying(options: ReplayOptions): { plan: GraphPlan; replay: Replaying } {
  const { plan, recording, speed, scratch } = options;
  const sources = plan.nodes.filter(({ definition }) => definition.kind === "source").map(({ id }) => id);
  refuseStrangers(recording.header, sources, plan);
  const clock = virtualClock(Date.parse(recording.header.started_at));
  const conductor = new Conductor(sources, momentsOf(options), { clock });
  const outside = new Outside();
  const yieldToLoop = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    plan: replaced(plan, (node, context, create) =>
      node.definition.kind === "source"
        ? conductor.source(node.id, { acks: node.definition.acknowledges })
        : create(context),
    ),
    replay: {
      ...{ clock, tap: conductor },
      // In this thread: when a commit is done must not depend on another one.
      state: scratch
        ? {
            clock,
            scratch,
            openFile: (file, asked) => openInline(file, { ...asked, ballastBytes: 0, onEvent: () => {} }),
          }
        : { clock, openFile: openInline },
      host: (host) => watchedHost(host, outside),
      pace: (engine) =>
        pace(engine.run(), { clock, real: systemClock, outside, speed, yieldToLoop, progress: () => engine.turns }),
    },
  };
}

/** Sources that the graph does not have would be left out without a word. */
function refuseStrangers({ sources }: RecordingHeader, known: readonly string[], { path: file }: GraphPlan) {
  for (const { node } of sources) {
    if (known.includes(node)) continue;
    const near = didYouMean(node, known);
    const has = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
    const hint = near === undefined ? has : `did it become "${near}"? ${has}`;
    throw new UsageError(`the recording has packets of source "${node}", and ${file} has no such source`, hint);
  }
}

function* momentsOf({ recording, only, blobs, say }: ReplayOptions): Generator<Moment, void> {
  const takesPart = (node: string) => only === undefined || only.includes(node);
  let closed: string | undefined;
  let lost = 0;
  for (const event of recording.events) {
    if ("closed" in event) closed = event.closed;
    else if ("lost" in event) lost += 1;
    else if ("ended" in event) {
      if (takesPart(event.ended)) yield { atMs: event.at, node: event.ended };
    } else {
      const node = event.from.slice(0, event.from.lastIndexOf("."));
      const packet = unfolded(event, blobs);
      if (takesPart(node)) yield { atMs: event.at, node, packet: () => packet };
    }
  }
  const tail = recording.tail();
  if (tail !== undefined) say(`the recording is cut off (${tail.reason}): its last ${tail.bytes} bytes are left out`);
  else if (closed === undefined) say("the recording was not closed: what came behind its last packet is not in it");
  else if (closed !== "run_ended")
    say(`the recording ended before its run did (${closed}): what came later is not in it`);
  if (lost > 0) say(`${lost} packets could not be recorded and are missing`);
}

/** What the payload referred to is put into a file beside the recording, named by its content, and referred to there. */
function unfolded({ packet, referred }: PacketRecord, folder: string): StreamPacket {
  if (referred === undefined || !isBytesRef(packet.payload)) return packet;
  const sha256 = new Bun.CryptoHasher("sha256").update(referred).digest("hex");
  const file = path.join(folder, sha256);
  fs.mkdirSync(folder, { recursive: true });
  if (fs.statSync(file, { throwIfNoEntry: false })?.size !== referred.length) fs.writeFileSync(file, referred);
  const { owner: _, ...ref } = packet.payload.ref;
  return replace(packet, { payload: { ...packet.payload, ref: { ...ref, scheme: "file" as const, path: file } } });
}
