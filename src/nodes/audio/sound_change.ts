import type { NodeContext } from "../../node/index.ts";
import { type Audio, eventTimeMs, type StreamPacket } from "../../packet/index.ts";
import { isoMicros } from "../frame_time.ts";

/** Something began to be heard, or ended: the payload of kind `sound`. */
export interface SoundChange {
  /** `speech`, `loud`, `silence`, `clipping`, or a class of a model. */
  readonly sound: string;
  readonly state: "start" | "end";
  /** 0…1: of a model, its highest since the start; of a measure, 1. */
  readonly confidence: number;
  /** When it began. */
  readonly since_ts: string;
  /** How long it lasted; null at its start. */
  readonly duration_sec: number | null;
  /** True when it did not end but samples are missing, so that nobody knows. */
  readonly cut: boolean;
}

/** Time of a sample near a block: the block's own time and the distance to it. */
export function timeOf(sampleIdx: number, packet: StreamPacket, audio: Audio): string {
  return isoMicros(eventTimeMs(packet), ((sampleIdx - audio.sample_idx) * 1_000) / audio.sample_rate);
}

/** What is known of a sound that began and has not ended. */
export interface Heard {
  readonly sinceIdx: number;
  readonly sinceTs: string;
}

interface Change {
  sound: string;
  state: "start" | "end";
  /** Where it began or ended. */
  sampleIdx: number;
  confidence: number;
  cut?: boolean;
  /** Beside the fields of every change. */
  more?: Record<string, unknown>;
}

/** The packet of a change; `since` is what its start gave. */
export function changePacket(
  { sound, state, sampleIdx, confidence, cut = false, more = {} }: Change,
  since: Heard | undefined,
  from: { packet: StreamPacket; audio: Audio },
  context: Pick<NodeContext, "packet">,
): { made: StreamPacket; heard: Heard } {
  const { packet, audio } = from;
  // The place of the block that told it is not its own.
  const { pos_msec: _, ...meta } = packet.meta;
  const ts = timeOf(sampleIdx, packet, audio);
  const heard = since ?? { sinceIdx: sampleIdx, sinceTs: ts };
  const duration_sec = state === "start" ? null : (sampleIdx - heard.sinceIdx) / audio.sample_rate;
  const made = context.packet({
    kind: "sound",
    ts,
    source_id: packet.source_id,
    // The last digits of a model depend on the processor.
    payload: {
      sound,
      state,
      confidence: Math.round(confidence * 1_000) / 1_000,
      since_ts: heard.sinceTs,
      duration_sec,
      cut,
      ...more,
    },
    meta: {
      ...meta,
      sample_idx: sampleIdx,
      idempotency_key: `sound:${packet.source_id}:${sound}:${state}:${ts}`,
    },
  });
  return { made, heard };
}
