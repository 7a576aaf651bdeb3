import * as path from "node:path";
import type { StreamPacket } from "../../packet/index.ts";
import { fileSegment, fileTime } from "./file_segment.ts";

/** `site/camera/time[_track]` and an ending such as `.jpg`: where an event's picture or clip lies, as the predecessor named them. */
export function eventFile({ ts, source_id }: StreamPacket, event: Record<string, unknown>, ending: string): string {
  const { site_id = "site", camera_id = source_id, track_id = null } = event;
  const track = track_id === null ? "" : `_${fileSegment(track_id)}`;
  return path.posix.join(fileSegment(site_id), fileSegment(camera_id), `${fileTime(ts)}${track}${ending}`);
}
