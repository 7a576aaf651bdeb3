import * as v from "valibot";
import { defineNode, type PacketOutcome, port } from "../../node/index.ts";
import { eventTimeMs, type StreamPacket, typeName } from "../../packet/index.ts";
import { isMap, SEVERITIES } from "../event_protocol.ts";
import { pythonText } from "../numbers.ts";

const config = v.strictObject({
  cooldown_sec: v.pipe(
    v.optional(v.number(), 10),
    v.description("Silence after an accepted event; 0 or less accepts everything."),
  ),
  time: v.pipe(
    v.optional(v.picklist(["event", "wall"]), "event"),
    v.description("`event` measures between the events' own times, `wall` between their arrivals."),
  ),
  severity_change: v.pipe(
    v.optional(v.picklist(["rise", "any"]), "rise"),
    v.description("Which change of severity ends the silence: a rise, or `any` as in the predecessor."),
  ),
  max_keys: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 65_536),
    v.description("Objects remembered; the one accepted longest ago makes room for another."),
  ),
});

type Config = v.InferOutput<typeof config>;

const seen = (ts: string, severity: string) => ({
  kind: "event",
  ts,
  payload: { camera_id: "cam01", event_type: "FIRE_DETECTED", track_id: null, severity },
});

export const dedupPolicy = defineNode({
  name: "dedup_policy",
  kind: "policy",
  stateVersion: 1,
  doc: `Passes one event per object and \`cooldown_sec\`; repeats leave by \`suppressed\`.

An object is \`camera_id:event_type:track_id\`. Its next event passes when \`cooldown_sec\` lie between it and the last one
that passed (exactly as long passes), or when its severity has risen. Events without camera or type always pass.
Time is event time, so a replayed recording gives the same result; an event more than \`cooldown_sec\` older than the
last accepted one passes without being remembered. The predecessor measured arrivals (\`time: wall\`) and let every
change of severity through (\`severity_change: any\`), so HIGH-LOW-HIGH defeated it.

When somebody waits for the event that passed (a durable edge, the sender of a request), a repeat is answered together
with it. If it fails, the repeat fails too and the object is forgotten, so whichever comes again passes.`,
  config,
  inputs: { in: port("event", "Events.", "json_portable") },
  outputs: {
    out: port("event", "First events, and those after the cooldown.", "json_portable"),
    suppressed: port("event", "Repeats.", "json_portable"),
  },
  examples: [
    {
      title: "A repeat after two seconds, a rise after four",
      config: { cooldown_sec: 10 },
      input: [
        seen("2026-01-01T00:00:00Z", "LOW"),
        seen("2026-01-01T00:00:02Z", "LOW"),
        seen("2026-01-01T00:00:04Z", "HIGH"),
      ],
      output: {
        out: [seen("2026-01-01T00:00:00Z", "LOW"), seen("2026-01-01T00:00:04Z", "HIGH")],
        suppressed: [seen("2026-01-01T00:00:02Z", "LOW")],
      },
    },
  ],
  create(options, { clock, outcome: outcomeNow }) {
    const memory = new Memory(options);
    const timeMs = options.time === "wall" ? () => clock.monotonicMs() : eventTimeMs;
    let accepted = 0;
    let dropped = 0;
    return {
      process(packet, emit) {
        const object = objectOf(packet);
        const outcome = outcomeNow();
        const last = object && memory.repeatOf(object, timeMs(packet), outcome);
        if (last !== undefined) {
          if (last.underWay !== undefined) outcome?.follow(last.underWay);
          dropped += 1;
          return emit.suppressed(packet);
        }
        accepted += 1;
        emit.out(packet);
      },
      metrics: () => ({ accepted_total: accepted, dropped_total: dropped, ...memory.metrics() }),
      ...(options.time === "event"
        ? { snapshot: () => memory.snapshot(), restore: (state) => memory.restore(state) }
        : {}),
    };
  },
});

interface Observation {
  key: string;
  severity: string | undefined;
}

/** What an event is about, or undefined when it does not say. */
function objectOf({ payload }: StreamPacket): Observation | undefined {
  if (!isMap(payload)) {
    throw new TypeError(`cannot compare events: the payload must be an event, got ${typeName(payload)}`);
  }
  const [camera, type] = [payload.camera_id, payload.event_type].map(pythonText);
  if (!payload.camera_id || !payload.event_type) return undefined;
  const { severity, track_id } = payload;
  const track = pythonText(track_id ?? "na") ?? JSON.stringify(track_id);
  return {
    key: `${camera}:${type}:${track}`,
    severity: typeof severity === "string" && severity ? severity : undefined,
  };
}

/** The last accepted event of an object. */
interface Accepted {
  atMs: number;
  severity: string | undefined;
  /** Set while somebody waits for it and it may still fail. */
  underWay: PacketOutcome | undefined;
}

type Entry = [key: string, acceptedAtMs: number, severity: string | null];

/** The last accepted event of each object, in the order of acceptance. */
class Memory {
  readonly #options: Config;
  readonly #last = new Map<string, Accepted>();
  #evicted = 0;

  constructor(options: Config) {
    this.#options = options;
  }

  /** The accepted event that this one repeats; undefined when it is accepted itself. */
  repeatOf({ key, severity }: Observation, atMs: number, underWay: PacketOutcome | undefined): Accepted | undefined {
    const last = this.#last.get(key);
    if (last === undefined || this.#changed(last.severity, severity)) {
      this.#remember(key, { atMs: Math.max(atMs, last?.atMs ?? atMs), severity, underWay });
    } else {
      const elapsedMs = atMs - last.atMs;
      const cooldownMs = this.#options.cooldown_sec * 1_000;
      if (Math.abs(elapsedMs) < cooldownMs) return last;
      // An older event says nothing about what follows the newest one.
      if (elapsedMs >= 0) this.#remember(key, { atMs, severity: severity ?? last.severity, underWay });
    }
    return undefined;
  }

  metrics() {
    return { keys: this.#last.size, keys_evicted_total: this.#evicted };
  }

  /** Without those under way: they may come again, and pass then. */
  snapshot(): Entry[] {
    const safe = [...this.#last].filter(([, { underWay }]) => underWay === undefined);
    return safe.map(([key, { atMs, severity }]) => [key, atMs, severity ?? null]);
  }

  restore(state: unknown) {
    this.#last.clear();
    for (const [key, atMs, severity] of state as Entry[])
      this.#last.set(key, { atMs, severity: severity ?? undefined, underWay: undefined });
  }

  #changed(before: string | undefined, now: string | undefined): boolean {
    if (before === undefined || now === undefined || before === now) return false;
    const ranks = [before, now].map((severity) => (SEVERITIES as readonly string[]).indexOf(severity));
    // A severity outside the protocol has no rank, so any change of it counts.
    return this.#options.severity_change === "any" || ranks.includes(-1) || ranks[1]! > ranks[0]!;
  }

  #remember(key: string, accepted: Accepted) {
    this.#last.delete(key);
    if (this.#last.size >= this.#options.max_keys) {
      this.#last.delete(this.#last.keys().next().value!);
      this.#evicted += 1;
    }
    this.#last.set(key, accepted);
    accepted.underWay?.onSettled((failed) => {
      accepted.underWay = undefined;
      // Another may have been accepted meanwhile.
      if (failed && this.#last.get(key) === accepted) this.#last.delete(key);
    });
  }
}
