import { durationMs } from "../../base/duration.ts";
import { type ConfigIssue, defineNode, port } from "../../node/index.ts";
import { Fusion } from "./fusion.ts";
import { type FusionConfig, fusionConfig } from "./fusion_config.ts";

const at = (ms: number) => `2026-01-01T00:00:00.${String(ms).padStart(3, "0")}Z`;
const event = (ms: number) => ({ to: "events", kind: "event", ts: at(ms), payload: { event_type: "ZONE_INTRUSION" } });
const reading = (ms: number, distance_cm: number) => ({
  to: "sensors",
  kind: "sensor",
  ts: at(ms),
  payload: { sensor_id: "front", sensor_type: "ultrasonic", distance_cm },
});
const value = (ms: number, distance_cm: number) => ({
  sensor_id: "front",
  sensor_type: "ultrasonic",
  sensor_ts: at(ms),
  distance_cm,
});

export const sensorFusion = defineNode({
  name: "sensor_fusion",
  kind: "transform",
  stateVersion: 1,
  doc: `Gives each event what sensors measured at its time.

\`nearest\` takes the reading with the smallest distance in event time, at most \`window\` away in either direction, this far
included; of two as near the one that came first. \`as_of\` takes the last one that is not later. \`interpolate\` takes the
value on the line between the readings before and behind the event, for every finite number that both have; with only
one of them within \`window\`, that one. Of several sensors the nearest reading becomes \`payload.sensor\` (of two as near,
that of the sensor heard first), or with \`attach: each\` all of them \`payload.sensors\`, by id. What an event has there
already is never overwritten.

**Readings.** Id, type and time are \`sensor_id\`, \`id\` or \`topic\`; \`sensor_type\` or \`type\`; \`sensor_ts\`, \`source_ts\` or
\`ts\` of the payload; else \`sensor\`, \`sensor_type\` of the config, and the packet's time. A payload that is no map is
\`{ value }\`.

**Waiting.** An event leaves at once with what is there, so a reading that comes later is not used. With \`wait: true\` it leaves
when the watermark is more than \`window\` behind it (\`as_of\`: past it), whatever the order in which things came; one that
is late leaves at once. A sensor that is silent or broken holds nobody: its source becomes idle (\`event_time.idle\` of
the graph), or \`max_wait\` is over. Events leave with \`meta.partial: true\` when no reading was found, or none of a sensor
that \`sensors\` names; \`meta.fusion\` then lists sensors that are \`stale\` (heard before) and \`missing\` (never heard).

**More events.** A FUSED_EVENT is a copy of the event with an id of its own and \`fusion\`, which says how it was made. A
SENSOR_EVENT is a reading as an event. Their ids follow from the packets, so a replay gives the same ones.`,
  config: fusionConfig,
  inputs: {
    events: port("*", "Events; the payload is a map.", "json_portable"),
    sensors: port("*", "Readings of one sensor or of several.", "json_portable"),
  },
  outputs: {
    out: port("*", "Every event, with what the sensors said.", "json_portable"),
    fused: port("*", "FUSED_EVENTs.", "json_portable"),
    sensor_events: port("event", "SENSOR_EVENTs.", "json_portable"),
  },
  examples: [
    {
      title: "The nearest reading within 300 ms",
      config: {},
      input: [reading(0, 120), reading(200, 80), event(250), event(600)],
      output: {
        out: [
          { payload: { event_type: "ZONE_INTRUSION", sensor: value(200, 80) } },
          {
            payload: { event_type: "ZONE_INTRUSION" },
            meta: { partial: true, fusion: { stale: ["front"], missing: [] } },
          },
        ],
        fused: [],
        sensor_events: [],
      },
    },
    {
      title: "On the line between two readings, of which one comes after the event",
      config: { mode: "interpolate", wait: true },
      input: [reading(100, 120), event(150), reading(200, 80)],
      output: {
        out: [
          { payload: { event_type: "ZONE_INTRUSION", sensor: { ...value(150, 100), interpolated: true } }, meta: {} },
        ],
        fused: [],
        sensor_events: [],
      },
    },
  ],
  check: waitIssues,
  create: (options, context) => new Fusion(options, context),
});

function waitIssues({ wait, max_wait, keep, window, use_stale }: FusionConfig): ConfigIssue[] {
  const least = Math.max(durationMs(window), use_stale === undefined ? 0 : durationMs(use_stale));
  return [
    ...(max_wait !== undefined && !wait
      ? [{ path: ["max_wait"], message: "max_wait needs wait: true: without it no event waits" }]
      : []),
    ...(durationMs(keep) < least
      ? [{ path: ["keep"], message: `keep must be at least window and use_stale, ${least} ms: it is ${keep}` }]
      : []),
  ];
}
