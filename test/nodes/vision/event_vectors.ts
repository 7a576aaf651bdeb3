import { type Meta, WholeFloat } from "../../../src/packet/index.ts";

export interface EventVector {
  config: { site_id: string; camera_id?: string };
  source_id: string;
  ts: string;
  detection: Record<string, unknown>;
  key: string;
  id: string;
}

const float = (value: number) => new WholeFloat(value);

/** Made by the predecessor: same facts, same key, same id. */
export const EVENT_VECTORS: readonly EventVector[] = [
  {
    config: { site_id: "S001" },
    source_id: "cam01",
    ts: "2026-02-14T00:00:00Z",
    detection: made("ZONE_INTRUSION", "PERSON", 0, [2, 2, 4, 4]),
    key: "event:S001:cam01:ZONE_INTRUSION:PERSON:0:2026-02-14T00:00:00Z:2:2:4:4",
    id: "479498e4-8f22-50d8-8fbf-3a619dd16c04",
  },
  {
    config: { site_id: "S002", camera_id: "gate-1" },
    source_id: "cam09",
    ts: "2026-02-14T09:00:00.500000+09:00",
    detection: made("FIRE_DETECTED", "FIRE", undefined, [10.5, float(20), 70.25, 120]),
    key: "event:S002:gate-1:FIRE_DETECTED:FIRE:na:2026-02-14T09:00:00.500000+09:00:10.5:20.0:70.25:120",
    id: "3c270c4c-d84c-517b-b8a1-7bcb0831749f",
  },
  {
    config: { site_id: "현장1" },
    source_id: "카메라",
    ts: "2026-02-14T00:00:01+00:00",
    detection: made("PPE_VIOLATION", "PERSON", 102, [-3, 0, 1920, 1080]),
    key: "event:현장1:카메라:PPE_VIOLATION:PERSON:102:2026-02-14T00:00:01+00:00:-3:0:1920:1080",
    id: "238dee37-eda9-5bbb-a584-d4a9742ce837",
  },
  {
    config: { site_id: "S001" },
    source_id: "cam01",
    ts: "t",
    detection: made("A", "CAR", float(3), [1e-7, float(1e16), float(1e22), null]),
    key: "event:S001:cam01:A:CAR:3.0:t:1e-07:1e+16:1e+22:None",
    id: "59efa90f-bc7d-5780-a3df-51c9a0315a6d",
  },
];

function made(event_type: string, object_type: string, track_id: unknown, corners: readonly unknown[]) {
  const [x1, y1, x2, y2] = corners;
  const track = track_id === undefined ? {} : { track_id };
  return { bbox: { x1, y1, x2, y2 }, confidence: 0.75, event_type, object_type, severity: "LOW", ...track } as Meta &
    object;
}
