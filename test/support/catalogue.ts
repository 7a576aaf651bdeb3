import * as v from "valibot";
import { ANY, type Catalogue, defineNode, type NodeDefinition, port, type Resolution } from "../../src/node/index.ts";

const whole = v.pipe(v.number(), v.integer());
const noInstance = () => {
  throw new Error("definitions of this catalogue are only checked, never run");
};

const counter = defineNode({
  name: "counter",
  kind: "source",
  doc: "Counts.",
  config: v.strictObject({
    count: v.optional(v.pipe(whole, v.minValue(0)), 3),
    label: v.optional(v.string()),
    items: v.optional(v.array(v.any())),
    loop: v.optional(v.boolean(), false),
  }),
  outputs: { out: port(ANY, "Counts.") },
  examples: [],
  create: noInstance,
});

const camera = defineNode({
  name: "camera",
  kind: "source",
  doc: "Makes frames.",
  config: v.strictObject({ url: v.string(), password: v.optional(v.pipe(v.string(), v.minLength(20))) }),
  outputs: { out: port("frame", "Frames.") },
  examples: [],
  create: noInstance,
});

const reader = defineNode({
  name: "reader",
  kind: "source",
  doc: "Reads a file.",
  config: v.strictObject({ path: v.string() }),
  outputs: { out: port(ANY, "Lines.") },
  examples: [],
  reads: ({ path }) => [{ path: ["path"], file: path }],
  create: noInstance,
});

const limit = defineNode({
  name: "limit",
  kind: "policy",
  doc: "Passes some. The rest leaves by `excess`.",
  config: v.strictObject({
    limit: v.pipe(whole, v.minValue(1)),
    window_ms: v.optional(whole, 1_000),
    mode: v.optional(v.picklist(["strict", "loose"]), "strict"),
    inner: v.optional(v.strictObject({ ratio: v.optional(v.number()), names: v.optional(v.array(v.string())) })),
  }),
  inputs: { in: port(ANY, "Packets.") },
  outputs: { out: port(ANY, "Within."), excess: port(ANY, "Over.") },
  examples: [],
  create: noInstance,
});

const when = defineNode({
  name: "when",
  kind: "transform",
  doc: "Checks an expression.",
  config: v.strictObject({ when: v.string() }),
  inputs: { in: port(ANY, "Packets.") },
  outputs: { out: port(ANY, "Those that match.") },
  examples: [],
  check({ when: text }) {
    const offset = text.indexOf("?");
    if (text === "explode") throw new Error("boom");
    return offset === -1 ? [] : [{ path: ["when"], message: "must not have a question mark", offset }];
  },
  create: noInstance,
});

const join = defineNode({
  name: "join",
  kind: "compute",
  doc: "Joins two streams.",
  config: v.strictObject({}),
  inputs: { left: port(ANY, "One."), right: port(ANY, "Other.") },
  outputs: { out: port(ANY, "Both.") },
  examples: [],
  create: noInstance,
});

const hold = defineNode({
  name: "hold",
  kind: "delay",
  doc: "Holds packets back.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "Packets.") },
  outputs: { out: port(ANY, "Later.") },
  examples: [],
  create: noInstance,
});

const names = v.optional(v.array(v.string()), []);

const cells = defineNode({
  name: "cells",
  kind: "compute",
  doc: "Uses the cells of its config.",
  config: v.strictObject({ reads: names, writes: names }),
  inputs: { in: port(ANY, "Packets.") },
  outputs: { out: port(ANY, "The same.") },
  examples: [],
  cells: (config) => config,
  create: noInstance,
});

const events = defineNode({
  name: "events",
  kind: "sink",
  doc: "Takes events as JSON.",
  config: v.strictObject({}),
  inputs: { in: port("event", "Events.", "json_portable") },
  examples: [],
  create: noInstance,
});

const finder = defineNode({
  name: "finder",
  kind: "compute",
  doc: "Passes frames, and says in JSON what is on them.",
  config: v.strictObject({}),
  inputs: { in: port("frame", "Frames.") },
  outputs: { out: port("frame", "The frames."), found: port("detection", "What is on them.", "json_portable") },
  examples: [],
  create: noInstance,
});

const store = defineNode({
  name: "store",
  kind: "sink",
  doc: "Takes portable payloads of any kind.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "Packets.", "json_portable") },
  examples: [],
  create: noInstance,
});

const show = defineNode({
  name: "show",
  kind: "sink",
  doc: "Shows packets.",
  config: v.strictObject({ prefix: v.optional(v.string(), ""), forward: v.optional(v.boolean(), false) }),
  inputs: { in: port(ANY, "Packets.") },
  outputs: ({ forward }: { forward: boolean }): Record<string, ReturnType<typeof port>> =>
    forward ? { out: port(ANY, "The same.") } : {},
  examples: [],
  create: noInstance,
});

const diary = defineNode({
  name: "diary",
  kind: "sink",
  doc: "Writes packets to a file that it shares with nobody.",
  config: v.strictObject({ path: v.string() }),
  inputs: { in: port(ANY, "Packets.") },
  owns: ({ path }) => [{ path: ["path"], what: `file ${path}` }],
  examples: [],
  create: noInstance,
});

const webhook = defineNode({
  name: "webhook",
  kind: "source",
  doc: "Tells its senders when a packet is safe.",
  config: v.strictObject({}),
  outputs: { out: port(ANY, "Packets.", "json_portable") },
  acknowledges: true,
  examples: [],
  create: noInstance,
});

const backend = defineNode({
  name: "backend",
  kind: "sink",
  doc: "Sends packets to a server.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "Packets.") },
  outside: true,
  examples: [],
  create: noInstance,
});

/** A few nodes with the shapes that matter to the checks of a graph. */
export const DEFINITIONS: readonly NodeDefinition[] = [
  counter,
  camera,
  reader,
  limit,
  when,
  join,
  hold,
  cells,
  events,
  finder,
  store,
  show,
  diary,
  webhook,
  backend,
];

export const OLD = "schnitzel_stream.nodes.dev:";
const LEGACY: Record<string, NodeDefinition> = {
  Counter: counter,
  Limit: limit,
  Show: show,
  Diary: diary,
  Camera: camera,
};

const REFUSED: Record<string, Extract<Resolution, { found: false }>["code"]> = {
  "forbidden:Node": "PLUGIN_NOT_ALLOWED",
  "broken:Node": "PLUGIN_LOAD_FAILED",
  "future:Node": "PLUGIN_API_MISMATCH",
  [`${OLD}Later`]: "NODE_NOT_BUILT_IN_YET",
};

/** A catalogue of {@link DEFINITIONS}, some of them under addresses of the predecessor, and every kind of refusal. */
export function testCatalogue(): Catalogue {
  const byName = new Map(DEFINITIONS.map((definition) => [definition.name, definition]));
  return {
    prepare: async () => {},
    names: () => [...byName.keys()],
    isLegacy: (address) => address.startsWith("schnitzel_stream."),
    resolve(address) {
      const old = address.startsWith(OLD) ? new Map(Object.entries(LEGACY)).get(address.slice(OLD.length)) : undefined;
      if (old) return { found: true, definition: old, legacy: { adapt: (config) => config }, origin: "built_in" };
      const definition = byName.get(address);
      if (definition) return { found: true, definition, origin: "built_in" };
      const code = (Object.hasOwn(REFUSED, address) && REFUSED[address]) || "UNKNOWN_PLUGIN";
      return { found: false, code, message: `Cannot find "${address}"` };
    },
  };
}
