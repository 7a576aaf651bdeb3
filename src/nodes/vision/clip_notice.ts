import type { NodeContext } from "../../node/index.ts";
import { eventTimeMs, idempotencyKey, type StreamPacket } from "../../packet/index.ts";
import type { ClipResult } from "./clip_writer.ts";

/** The packet that says what became of a clip. */
export function noticeOf(result: ClipResult, context: Pick<NodeContext, "packet">): StreamPacket {
  const { clip } = result;
  const { first, path, keys, events } = clip;
  const told = { clip_path: path, events: keys, event_count: events };
  return context.packet({
    kind: "clip",
    ts: first.ts,
    source_id: first.source_id,
    meta: { idempotency_key: `clip:${idempotencyKey(first)}`, source_packet_id: first.packet_id },
    payload: "reason" in result ? { status: "failed", ...told, reason: result.reason } : { ...told, ...facts(result) },
  });
}

function facts({ clip, written, bytes }: Extract<ClipResult, { bytes: number }>) {
  const { fromMs, durationMs, codec, whole } = written;
  const startMs = eventTimeMs(clip.first) + fromMs - clip.atMs;
  return {
    status: "written",
    // False: the camera was away, or the recording began later.
    whole,
    start_ts: new Date(startMs).toISOString(),
    duration_sec: durationMs / 1_000,
    codec: codec ?? null,
    bytes,
  };
}
