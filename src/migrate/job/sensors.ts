import type { WrittenEdge, WrittenNode } from "../written.ts";
import type { Job } from "./job.ts";

const FAKE = "ai.plugins.sensors.fake_ultrasonic:FakeUltrasonicSensorSource";
const SERIAL = "ai.plugins.sensors.serial_ultrasonic:SerialUltrasonicSensorSource";

/** As sensor_fusion has them: the most of `max_readings`, and `keep` where it is not said. */
const MOST_READINGS = 4_096;
const KEPT_MS = 60_000;

/** The sensors of a job: nodes of their own, which every camera's fusion hears. */
export interface Sensors {
  nodes: WrittenNode[];
  edges: WrittenEdge[];
  /** Nodes whose packets are readings. */
  readings: string[];
}

/** Undefined when the job had no sensor that can be had here. */
export function sensorsOf({ settings }: Job): Sensors | undefined {
  const from = settings.under("sensor");
  const adapters = [
    ...new Set([
      ...(from.texts("adapters") ?? []),
      ...(from.text("adapter") === undefined ? [] : [from.text("adapter")!]),
    ]),
  ];
  if (from.boolean("enabled") !== true) return undefined;
  from.leaveOut("topic", "only sensors of ROS 2 had topics");
  const sensors: Sensors = { nodes: [], edges: [], readings: [] };
  if (adapters.length === 0) from.refuse("adapter", "is missing: sensor.enabled is true");
  for (const name of adapters) {
    const key = from.at("adapters") === undefined ? "adapter" : "adapters";
    if (name === FAKE) fake(settings.under("sensor_env"), sensors);
    else if (name === SERIAL) serial(settings.under("sensor_env"), sensors, (reason) => from.leaveOut(key, reason));
    else
      from.leaveOut(
        key,
        `${name} has no counterpart: write it as a plugin, and lead it to the input sensors of sensor_fusion`,
      );
  }
  return sensors.readings.length === 0 ? undefined : sensors;
}

/** The made-up sensor: a triangle between 20 cm and where it starts. */
function fake(env: Job["settings"], sensors: Sensors) {
  const [start, step] = [env.number("fake_start_cm") ?? 120, Math.max(0.001, env.number("fake_step_cm") ?? 2)];
  const interval = Math.max(0.001, env.number("fake_interval_sec") ?? 0.05);
  const steps = Math.max(1, Math.round((start - 20) / step));
  const at = `payload.i % ${2 * steps}`;
  const id = env.text("fake_id") ?? "fake_ultrasonic";
  sensors.nodes.push(
    { id: "sensor_clock", plugin: "generate_source", config: { kind: "sensor", rate: 1 / interval, batch: 1 } },
    {
      id: "sensor",
      plugin: "map",
      config: {
        ops: [
          {
            set: "distance_cm",
            cel: `${at} < ${steps} ? ${start} - ${step} * (${at}) : 20 + ${step} * (${at} - ${steps})`,
          },
          { set: "sensor_id", value: id },
          { set: "sensor_type", value: "ultrasonic" },
          { remove: "i" },
        ],
      },
    },
  );
  sensors.edges.push({ from: "sensor_clock", to: "sensor" });
  sensors.readings.push("sensor");
}

/** No node reads a serial port; a shell does. */
function serial(env: Job["settings"], sensors: Sensors, leaveOut: (reason: string) => void) {
  const port = env.text("serial_port");
  const rate = env.integer("serial_baudrate") ?? 115_200;
  if (port === undefined) {
    env.refuse("serial_port", "is missing: the serial sensor reads from AI_SERIAL_PORT");
    return;
  }
  const shown = /^[\w./-]+$/.test(port) ? port : `'${port.replaceAll("'", "'\\''")}'`;
  leaveOut(
    `no node reads ${port}: its lines come by standard input, stty -F ${shown} ${rate} raw && schnitzel run … < ${shown}; lines of JSON and bare numbers are read, key=value is set aside`,
  );
  const id = JSON.stringify(env.text("serial_sensor_id") ?? "serial_ultrasonic");
  const jsonata = `$merge([$type($) = "number" ? { "distance_cm": $ } : $, { "sensor_id": ${id}, "sensor_type": "ultrasonic" }])`;
  sensors.nodes.push(
    { id: "sensor_lines", plugin: "stdin_source", config: { format: "jsonl", kind: "sensor" } },
    { id: "serial_sensor", plugin: "map", config: { jsonata } },
  );
  env.leaveOut("serial_read_timeout_sec", "standard input waits");
  sensors.edges.push({ from: "sensor_lines", to: "serial_sensor" });
  sensors.readings.push("serial_sensor");
}

/** The config of a camera's fusion. SENSOR_EVENTs come once, from the first camera's. */
export function fusionConfig({ settings, siteId }: Job, cameraId: string, first: boolean) {
  const from = settings.under("sensor");
  const type = from.text("type");
  const [window, size] = [from.integer("time_window_ms", 1) ?? 300, from.integer("queue_size", 1) ?? 256];
  if (size > MOST_READINGS) from.leaveOut("queue_size", `it is ${MOST_READINGS} at most`);
  const [events, fused] = [from.boolean("emit_events") === true, from.boolean("emit_fused_events") === true];
  return {
    ...{
      window: `${window}ms`,
      max_readings: Math.min(MOST_READINGS, size),
    },
    // What is out of keep is no longer looked at: as long as the window, it is the window that decides.
    ...(window > KEPT_MS ? { keep: `${window}ms` } : {}),
    ...(type === undefined ? {} : { sensor_type: type }),
    ...(events && first ? { emit_events: true } : {}),
    ...(fused ? { emit_fused_events: true } : {}),
    ...{ site_id: siteId, camera_id: cameraId, lenient: true },
  };
}
