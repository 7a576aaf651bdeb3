import { expect, test } from "bun:test";
import { basename, join } from "node:path";
import * as v from "valibot";
import { ANY, defineNode, isDefinition, type NodeDefinition, port } from "../../src/node/index.ts";
import { BUILT_IN, loadBuiltIn } from "../../src/nodes/list.ts";
import type { Check } from "./check.ts";
import { CONFIG_CHECKS } from "./config_checks.ts";
import { DOC_CHECKS } from "./doc_checks.ts";
import { KIND_CHECKS } from "./kind_checks.ts";
import { RUN_CHECKS } from "./run_checks.ts";

const CHECKS: readonly Check[] = [...DOC_CHECKS, ...CONFIG_CHECKS, ...RUN_CHECKS, ...KIND_CHECKS];

for (const definition of await loadBuiltIn()) {
  for (const check of CHECKS) {
    test(`${definition.name} ${check.title}`, async () => {
      expect(await check.faults(definition)).toEqual([]);
    });
  }
}

const NODES = join(import.meta.dir, "../../src/nodes");
const FILES = [...new Bun.Glob("*/*.ts").scanSync(NODES)].sort();

const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

async function definitionsIn(file: string): Promise<[exported: string, definition: NodeDefinition][]> {
  const exports = (await import(join(NODES, file))) as Record<string, unknown>;
  return Object.entries(exports).filter((entry): entry is [string, NodeDefinition] => isDefinition(entry[1]));
}

test("every node stands in the file of its name, exported in camelCase, one to a file", async () => {
  for (const file of FILES) {
    const name = basename(file, ".ts");
    const found = (await definitionsIn(file)).map(([exported, definition]) => [exported, definition.name]);
    if (found.length > 0) expect(found).toEqual([[camelCase(name), name]]);
  }
});

test("every node that has a file is built in, once", async () => {
  const inFiles = (await Promise.all(FILES.map(definitionsIn))).flat().map(([, definition]) => definition.name);
  expect([...BUILT_IN.keys()].sort()).toEqual(inFiles.sort());
});

test("every node is loaded under its own name", async () => {
  for (const [name, load] of BUILT_IN) expect((await load()).name).toBe(name);
});

/** A node that does everything right; each twin below breaks one thing. */
const sound = {
  name: "sound",
  kind: "transform" as const,
  stateVersion: 1,
  doc: "Passes packets on and counts them.",
  config: v.strictObject({ step: v.pipe(v.optional(v.number(), 1), v.description("Added per packet.")) }),
  inputs: { in: port(ANY, "Packets.") },
  passes: true,
  outputs: { out: port(ANY, "The same packets.") },
  examples: [{ title: "One", config: { step: 2 }, input: ["a"], output: { out: ["a"] } }],
  create() {
    let passed = 0;
    return {
      process: (packet: never, emit: { out(packet: never): void }) => {
        passed += 1;
        emit.out(packet);
      },
      metrics: () => ({ passed_total: passed }),
      snapshot: () => passed,
      restore(state: unknown) {
        passed = Number(state);
      },
    };
  },
};

const make = (changes: Record<string, unknown>) => defineNode({ ...sound, ...changes } as never) as NodeDefinition;
const makeInstance = (
  changes: object,
  created: (context: { clock: { setTimer(run: () => void, ms: number): void } }) => void = () => {},
) =>
  make({
    create: (_config: unknown, context: never) => {
      created(context);
      return { ...sound.create(), ...changes };
    },
  });

const schema = (entries: Record<string, unknown>) => ({ config: v.strictObject(entries as never) });
const described = (inner: v.GenericSchema) => v.pipe(inner, v.description("Documented."));
let closed = false;

/** For each check, by title, a node that it must catch. */
const TWINS: Record<string, NodeDefinition> = {
  "has a name in snake_case": make({ name: "soundNode" }),
  "says what it does in a first sentence": make({ doc: "todo" }),
  "has an example": make({ examples: [] }),
  "documents every port and names it as an edge can write it": make({ outputs: { "out-1": port(ANY, "") } }),
  "has inputs unless it is a source, and outputs if it is one": make({ kind: "source" }),
  "accepts the configs of its examples": make({ examples: [{ title: "Wrong", config: { step: "two" } }] }),
  "rejects an unknown config key": make({ config: v.object({ step: v.optional(v.number(), 1) }) }),
  "rejects a misspelled config key": make({ config: v.looseObject({ step: v.optional(v.number(), 1) }) }),
  "rejects a wrong type at every config key and points at it": make(schema({ step: described(v.unknown()) })),
  "names its config keys in snake_case": make(schema({ stepSize: described(v.optional(v.number())) })),
  "documents every config key": make(
    schema({ step: described(v.optional(v.strictObject({ size: v.optional(v.number()) }))) }),
  ),
  "gives what its examples promise": makeInstance({ process() {} }),
  "emits on declared ports only": makeInstance({
    process: (packet: unknown, emit: Record<string, (packet: unknown) => void>) => emit.other!(packet),
  }),
  "leaves the packets it is given as they are": makeInstance({
    process(packet: { meta: Record<string, unknown> }) {
      packet.meta.seen = true;
    },
  }),
  "can be closed twice, also without a packet": makeInstance(
    {
      close() {
        if (closed) throw new Error("closed already");
        closed = true;
      },
    },
    () => {
      closed = false;
    },
  ),
  "leaves no timer behind when closed": makeInstance({}, ({ clock }) => clock.setTimer(() => {}, 1_000)),
  "reports metrics as finite numbers with snake_case names": makeInstance({ metrics: () => ({ rate: Number.NaN }) }),
  "gives again the state it was restored from": makeInstance({ restore() {} }),
  "has a version of its state when it has a state, and else none": make({ stateVersion: undefined }),
  "passes packets of the kinds that came in, when it says that it passes packets": makeInstance({
    process: (packet: object, emit: Record<string, (packet: unknown) => void>) =>
      emit.out!({ ...packet, kind: "event" }),
  }),
  "says that it passes packets, when their kinds stay": make({ passes: false }),
};

test("a sound node passes every check", async () => {
  const node = make({});
  for (const check of CHECKS) expect({ [check.title]: await check.faults(node) }).toEqual({ [check.title]: [] });
});

for (const check of CHECKS) {
  test(`the check "${check.title}" catches a node that does not`, async () => {
    expect(await check.faults(TWINS[check.title]!)).not.toEqual([]);
  });
}

test.each([
  ["is no number", { seen: "1" }],
  ["has a name with capitals", { seenTotal: 1 }],
  ["is a counter with a fraction", { seen_total: 0.5 }],
  ["is a counter that does not start at zero", { seen_total: 3 }],
])("the metrics check catches a metric that %s", async (_name, metrics) => {
  const check = RUN_CHECKS.find(({ title }) => title.startsWith("reports metrics"))!;
  expect(await check.faults(makeInstance({ metrics: () => metrics }))).not.toEqual([]);
});
