import { durationMs } from "../../base/duration.ts";
import type { Emit, NodeContext } from "../../node/index.ts";
import { eventTimeMs, parseIsoMs, replace, type StreamPacket, typeName } from "../../packet/index.ts";
import { isMap } from "../payload_path.ts";
import type { FusionConfig } from "./fusion_config.ts";
import { attachment, fusedEvent, hasSensor, isPartial, sensorEvent } from "./fusion_events.ts";
import { readReading } from "./sensor_reading.ts";
import { Sensors } from "./sensors.ts";
import { type WaitingEvent, WaitingEvents } from "./waiting_events.ts";

interface State {
  /** Null before the first, and at the end of an input: the next one begins anew. */
  watermarkMs: number | null;
  sensors: ReturnType<Sensors["snapshot"]>;
  events: { timeMs: number; packet: StreamPacket }[];
}

type Out = Emit<"out" | "fused" | "sensor_events">;

/** Readings of sensors, and events that get theirs or wait for them. */
export class Fusion {
  readonly #config: FusionConfig;
  readonly #context: NodeContext;
  readonly #windowMs: number;
  #sensors: Sensors;
  #events = new WaitingEvents();
  #watermarkMs = Number.NEGATIVE_INFINITY;
  #hits = 0;
  #misses = 0;
  #early = 0;
  #late = 0;

  constructor(config: FusionConfig, context: NodeContext) {
    this.#config = config;
    this.#context = context;
    this.#windowMs = durationMs(config.window);
    this.#sensors = this.#noSensors();
  }

  process(packet: StreamPacket, emit: Out, input: string) {
    if (input === "sensors") this.#takeReading(packet, emit);
    else this.#takeEvent(packet, emit);
  }

  advance(watermarkMs: number, emit: Out) {
    this.#watermarkMs = Math.max(this.#watermarkMs, watermarkMs);
    this.#answerAll(this.#events.takeBefore(this.#watermarkMs - this.#aheadMs), emit);
    this.#sensors.dropBefore(this.#watermarkMs - durationMs(this.#config.keep));
  }

  /** Those that have waited too long leave with what there is. */
  wake(emit: Out) {
    const nowMs = this.#context.clock.monotonicMs();
    const over = this.#events.takeSince(nowMs - durationMs(this.#config.max_wait!));
    this.#early += over.length;
    this.#answerAll(over, emit);
    this.#wakeForNext();
  }

  metrics() {
    return {
      fusion_attempts_total: this.#hits + this.#misses,
      fusion_hits_total: this.#hits,
      fusion_misses_total: this.#misses,
      events_waiting: this.#events.size,
      events_early_total: this.#early,
      events_late_total: this.#late,
      ...this.#sensors.metrics(),
    };
  }

  snapshot(): State {
    const watermarkMs = Number.isFinite(this.#watermarkMs) ? this.#watermarkMs : null;
    const events = this.#events.inOrder().map(({ timeMs, packet }) => ({ timeMs, packet }));
    return { watermarkMs, sensors: this.#sensors.snapshot(), events };
  }

  restore(state: unknown) {
    const { watermarkMs, sensors, events } = state as State;
    this.#watermarkMs = watermarkMs ?? Number.NEGATIVE_INFINITY;
    this.#sensors = this.#noSensors();
    this.#sensors.restore(sensors);
    this.#events = new WaitingEvents();
    const sinceMs = this.#context.clock.monotonicMs();
    for (const event of events) this.#events.add({ ...event, hold: undefined, sinceMs });
    this.#wakeForNext();
  }

  #takeReading(packet: StreamPacket, emit: Out) {
    const reading = readReading(packet, { sensorType: this.#config.sensor_type, now: this.#now });
    this.#sensors.add(reading);
    if (this.#config.emit_events) emit.sensor_events(this.#context.packet(sensorEvent(packet, reading, this.#config)));
  }

  #takeEvent(packet: StreamPacket, emit: Out) {
    if (!isMap(packet.payload)) {
      throw new TypeError(`cannot give an event a reading: its payload must be a map, got ${typeName(packet.payload)}`);
    }
    const timeMs = this.#timeOf(packet);
    const { wait, max_events } = this.#config;
    const isOver = timeMs + this.#aheadMs < this.#watermarkMs;
    if (timeMs < this.#watermarkMs) this.#late += 1;
    if (!wait || isOver) return this.#answer(packet, timeMs, emit);
    const sinceMs = this.#context.clock.monotonicMs();
    this.#events.add({ packet, timeMs, hold: this.#context.hold(), sinceMs });
    if (this.#events.size === 1) this.#wakeForNext();
    if (this.#events.size <= max_events) return;
    this.#early += 1;
    this.#answerAll([this.#events.takeFirst()!], emit);
  }

  /** Each answers for itself: one that fails takes no other with it. */
  #answerAll(events: readonly WaitingEvent[], emit: Out) {
    for (const { packet, timeMs, hold } of events) {
      this.#context.carry([hold]);
      this.#answer(packet, timeMs, emit);
    }
  }

  #answer(packet: StreamPacket, timeMs: number, emit: Out) {
    if (hasSensor(packet.payload, this.#config.attach)) return emit.out(packet);
    const answer = this.#sensors.answer(timeMs);
    const added = attachment(answer, this.#config);
    if (answer.isHit) this.#hits += 1;
    else this.#misses += 1;
    const { stale, missing } = answer;
    const partial = isPartial(answer, this.#config) ? { partial: true, fusion: { stale, missing } } : {};
    const meta = { ...packet.meta, ...partial };
    const payload = { ...(packet.payload as Record<string, unknown>), ...added };
    emit.out(replace(packet, { payload, meta }));
    if (!this.#config.emit_fused_events || added === undefined || !answer.isHit) return;
    emit.fused(this.#context.packet(fusedEvent(packet, added, this.#config, this.#windowMs)));
  }

  /** How far behind an event a reading may still be one for it. */
  get #aheadMs() {
    return this.#config.mode === "as_of" ? 0 : this.#windowMs;
  }

  #timeOf(packet: StreamPacket): number {
    const timeMs = parseIsoMs(packet.ts);
    if (!Number.isNaN(timeMs)) return timeMs;
    return this.#now?.().timeMs ?? eventTimeMs(packet);
  }

  get #now() {
    if (!this.#config.lenient) return undefined;
    return () => {
      const timeMs = this.#context.clock.nowMs();
      return { timeMs, ts: new Date(timeMs).toISOString() };
    };
  }

  #wakeForNext() {
    const { max_wait } = this.#config;
    if (max_wait === undefined || this.#events.size === 0) return;
    const [first] = this.#events.inOrder();
    const waitedMs = this.#context.clock.monotonicMs() - first!.sinceMs;
    this.#context.wakeAfter(Math.max(0, durationMs(max_wait) - waitedMs));
  }

  #noSensors() {
    const { mode, max_readings, max_sensors, sensors, use_stale } = this.#config;
    const staleMs = use_stale === undefined ? 0 : durationMs(use_stale);
    const bounds = { maxReadings: max_readings, maxSensors: max_sensors };
    return new Sensors({ mode, windowMs: this.#windowMs, staleMs, expected: sensors, ...bounds });
  }
}
