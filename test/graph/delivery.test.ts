import { describe, expect, test } from "bun:test";
import Ajv from "ajv";
import { graphJsonSchema } from "../../src/graph/index.ts";
import { DEFINITIONS } from "../support/catalogue.ts";
import { compile, found } from "../support/graph.ts";

const DEFAULTS = {
  timeout_sec: 8,
  max_attempts: 3,
  give_up_sec: undefined,
  backoff_ms: 100,
  backoff_max_ms: 5_000,
  circuit: { failures: 5 },
  rate: undefined,
};

/** A graph whose sink `b` reaches outside and whose sink `s` does not. */
function graph({ head = "", b = "", s = "" }: { head?: string; b?: string; s?: string }) {
  const runtime = (text: string) => (text === "" ? "" : `, runtime: { delivery: ${text} }`);
  const nodes = `nodes:\n  - { id: c, plugin: counter }\n  - { id: b, plugin: backend${runtime(b)} }\n`;
  const rest = `  - { id: s, plugin: show${runtime(s)} }\nedges:\n  - { from: c, to: b }\n  - { from: c, to: s }\n`;
  return compile(`version: 2\n${head === "" ? "" : `delivery: ${head}\n`}${nodes}${rest}`);
}

async function policies(given: Parameters<typeof graph>[0]) {
  const { plan, diagnostics } = await graph(given);
  expect(diagnostics).toEqual([]);
  const [, b, s] = plan!.nodes.map(({ runtime }) => runtime.delivery);
  return { b, s };
}

describe("delivery", () => {
  test("is the default of nodes that reach outside, and of no other", async () => {
    expect(await policies({})).toEqual({ b: DEFAULTS, s: undefined });
  });

  for (const word of ["off", "false"]) {
    test(`${word} turns it off, for a node or for the graph`, async () => {
      expect(await policies({ b: word })).toEqual({ b: undefined, s: undefined });
      expect(await policies({ head: word })).toEqual({ b: undefined, s: undefined });
    });
  }

  for (const word of ["on", "true", "{}"]) {
    test(`${word} turns it on, at a node that has none by itself too`, async () => {
      expect(await policies({ s: word })).toEqual({ b: DEFAULTS, s: DEFAULTS });
      expect(await policies({ head: "off", b: word })).toEqual({ b: DEFAULTS, s: undefined });
    });
  }

  test("of the graph is what a node's own keys go over", async () => {
    const head = "{ timeout_sec: 5, circuit: off, rate: { per_sec: 10 } }";
    const { b, s } = await policies({ head, b: "{ timeout_sec: 2.5, give_up_sec: 60 }", s: "{ rate: off }" });
    expect(b).toEqual({
      ...DEFAULTS,
      timeout_sec: 2.5,
      give_up_sec: 60,
      circuit: undefined,
      rate: { per_sec: 10, burst: 1 },
    });
    expect(s).toEqual({ ...DEFAULTS, timeout_sec: 5, circuit: undefined });
  });

  test.each([
    ["maybe", ""],
    ["{ timeout_sec: 0 }", "timeout_sec"],
    ["{ timeout_sec: 1e9 }", "timeout_sec"],
    ["{ max_attempts: 0 }", "max_attempts"],
    ["{ give_up_sec: 1000000 }", "give_up_sec"],
    ["{ circuit: { failures: 0 } }", "circuit.failures"],
    ["{ rate: { burst: 3 } }", "per_sec"],
    ["{ rate: { per_sec: 0 } }", "rate.per_sec"],
  ])("%s is refused where it stands", async (text, key) => {
    for (const given of [{ b: text }, { head: text }]) {
      const { diagnostics } = await graph(given);
      const at = "b" in given ? "nodes[1].runtime.delivery" : "delivery";
      expect(diagnostics.map(({ severity }) => severity)).toEqual(["error"]);
      expect(diagnostics[0]!.path).toStartWith(at);
      if (key !== "") expect(diagnostics[0]!.message).toContain(key);
    }
  });

  test("has no effect at a source, which is said", async () => {
    const { diagnostics } = await compile(
      "version: 2\nnodes:\n  - { id: c, plugin: counter, runtime: { delivery: on } }\n  - { id: s, plugin: show }\nedges: [{ from: c, to: s }]\n",
    );
    expect(found(diagnostics)).toEqual(["RUNTIME_UNUSED@3:42"]);
  });

  test("beside runtime is told where it belongs", async () => {
    const { diagnostics } = await compile(
      "version: 2\nnodes:\n  - { id: c, plugin: counter }\n  - { id: s, plugin: show, delivery: off }\nedges: [{ from: c, to: s }]\n",
    );
    expect(diagnostics).toMatchObject([
      { code: "UNKNOWN_KEY", hint: expect.stringContaining("runtime: { delivery: … }") },
    ]);
  });

  test("is known to editors", () => {
    const validate = new Ajv({ strict: false }).compile(graphJsonSchema(DEFINITIONS));
    const with_ = (delivery: unknown) => ({
      version: 2,
      delivery,
      nodes: [{ id: "b", plugin: "backend", runtime: { delivery } }],
    });
    for (const good of ["off", true, { timeout_sec: 3, circuit: "off" }, { rate: { per_sec: "${RATE}" } }]) {
      expect(validate(with_(good)) || validate.errors).toBe(true);
    }
    for (const bad of [7, { timeout: 3 }, { circuit: "on" }]) expect(validate(with_(bad))).toBe(false);
  });
});
