import { type FusionMode, type Match, matchOf } from "./fusion_match.ts";
import { Readings } from "./readings.ts";
import { type Reading, type SensorValue, sensorValue } from "./sensor_reading.ts";

export interface SensorOptions {
  mode: FusionMode;
  windowMs: number;
  /** A reading up to this old stands in, marked as stale, for one within the window. 0: none does. */
  staleMs: number;
  maxReadings: number;
  maxSensors: number;
  /** Ids of sensors that every event should have a reading of. */
  expected: readonly string[];
}

interface Sensor {
  readonly readings: Readings;
  lastSerial: number;
  total: number;
  matched: number;
  /** By the last event that asked. */
  stale: boolean;
}

/** What all sensors say about a moment. */
export interface Answer {
  /** By sensor, in the order in which the sensors were first heard. */
  readonly found: ReadonlyMap<string, SensorValue>;
  /** The nearest of them; of several as near that of the sensor that was heard first. */
  readonly best: SensorValue | undefined;
  /** At least one of them is within the window. */
  readonly isHit: boolean;
  /** Heard before, and now without a reading within the window. */
  readonly stale: readonly string[];
  /** Expected and never heard. */
  readonly missing: readonly string[];
}

/** Readings by sensor, and what they say about a moment. */
export class Sensors {
  readonly #options: SensorOptions;
  readonly #sensors = new Map<string, Sensor>();
  #serial = 0;
  #total = 0;
  #dropped = 0;
  #expired = 0;
  #forgotten = 0;

  constructor(options: SensorOptions) {
    this.#options = options;
  }

  add(reading: Reading) {
    const sensor = this.#sensors.get(reading.sensorId) ?? this.#make(reading.sensorId);
    sensor.lastSerial = this.#serial++;
    sensor.total += 1;
    this.#total += 1;
    this.#dropped += sensor.readings.add(reading);
  }

  /** Forgets readings of an earlier time. */
  dropBefore(timeMs: number) {
    for (const { readings } of this.#sensors.values()) this.#expired += readings.dropBefore(timeMs);
  }

  answer(timeMs: number): Answer {
    const { mode, windowMs, expected } = this.#options;
    const found = new Map<string, SensorValue>();
    const stale: string[] = [];
    let best: Match | undefined;
    for (const [id, sensor] of this.#sensors) {
      const match = matchOf(mode, sensor.readings, timeMs, windowMs);
      const value = match?.value ?? this.#oldValue(sensor, timeMs);
      if (value !== undefined) found.set(id, value);
      if (match !== undefined && (best === undefined || match.awayMs < best.awayMs)) best = match;
      sensor.stale = match === undefined;
      if (match === undefined) stale.push(id);
      else sensor.matched += 1;
    }
    const missing = expected.filter((id) => !this.#sensors.has(id));
    return { found, best: best?.value ?? found.values().next().value, isHit: best !== undefined, stale, missing };
  }

  metrics(): Record<string, number> {
    const each = [...this.#sensors].flatMap(([id, { total, matched, stale }]): [string, number][] => {
      const name = `sensor_${
        id
          .toLowerCase()
          .replace(/[^a-z0-9]+/g, "_")
          .replace(/^_|_$/g, "") || "other"
      }`;
      return [
        [`${name}_readings_total`, total],
        [`${name}_matched_total`, matched],
        [`${name}_stale`, Number(stale)],
      ];
    });
    return {
      sensors: this.#sensors.size,
      sensors_forgotten_total: this.#forgotten,
      sensor_packets_total: this.#total,
      sensor_packets_dropped_total: this.#dropped,
      sensor_packets_expired_total: this.#expired,
      ...Object.fromEntries(each),
    };
  }

  /** Sensors in the order in which they were first heard, each with its readings in the order in which they came. */
  snapshot(): { id: string; lastSerial: number; readings: Reading[] }[] {
    return [...this.#sensors].map(([id, { lastSerial, readings }]) => ({
      id,
      lastSerial,
      readings: readings.inOrder(),
    }));
  }

  /** Into an empty one. */
  restore(state: ReturnType<Sensors["snapshot"]>) {
    for (const { id, lastSerial, readings } of state) {
      const sensor = this.#make(id);
      sensor.lastSerial = lastSerial;
      this.#serial = Math.max(this.#serial, lastSerial + 1);
      for (const reading of readings) sensor.readings.add(reading);
    }
  }

  #make(id: string): Sensor {
    if (this.#sensors.size >= this.#options.maxSensors) this.#forget();
    const readings = new Readings(this.#options.maxReadings);
    const sensor = { readings, lastSerial: this.#serial++, total: 0, matched: 0, stale: false };
    this.#sensors.set(id, sensor);
    return sensor;
  }

  /** The one that was silent longest makes room. */
  #forget() {
    const [id] = [...this.#sensors].reduce((a, b) => (b[1].lastSerial < a[1].lastSerial ? b : a));
    this.#sensors.delete(id);
    this.#forgotten += 1;
  }

  #oldValue({ readings }: Sensor, timeMs: number): SensorValue | undefined {
    const last = readings.lastBefore(timeMs);
    if (last === undefined || timeMs - last.timeMs > this.#options.staleMs) return undefined;
    return { ...sensorValue(last), stale: true };
  }
}
