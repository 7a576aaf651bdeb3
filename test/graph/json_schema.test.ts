import { describe, expect, test } from "bun:test";
import Ajv from "ajv";
import { graphJsonSchema } from "../../src/graph/index.ts";
import { DEFINITIONS } from "../support/catalogue.ts";

const validate = new Ajv({ strict: false }).compile(graphJsonSchema(DEFINITIONS));

const graph = (node: object, rest: object = {}) => ({ version: 2, nodes: [{ id: "l", ...node }], edges: [], ...rest });

describe("graphJsonSchema()", () => {
  test.each([
    ["a node with its config", graph({ plugin: "limit", config: { limit: 1, mode: "loose" } })],
    ["a variable where a number stands", graph({ plugin: "limit", config: { limit: "${N}", mode: "${M:-loose}" } })],
    ["a plugin that it does not know", graph({ plugin: "mine:Node", config: { anything: [1] } })],
    ["every alias", graph({ plugin: "show" }, { edges: [{ src: "a", dst: "b", src_port: "c", dst_port: "d" }] })],
    [
      "runtime",
      graph({ plugin: "show", runtime: { inbox: { capacity: 2, max_bytes: "64MiB", overflow: "drop_oldest" } } }),
    ],
    ["http and vars", graph({ plugin: "show" }, { http: { listen: "127.0.0.1:80" }, vars: { a: [1] }, name: "yard" })],
    ["a file that a node brings in", graph({ use: "parts/yard.yaml", with: { url: "${URL}", fps: 3 } })],
    [
      "such a file",
      graph(
        { plugin: "limit", config: { limit: "${params.most}" } },
        { parameters: { most: { type: "integer", default: 3 } }, ports: { in: { in: "l.in" }, out: { out: "l" } } },
      ),
    ],
    [
      "profiles",
      graph(
        { plugin: "show" },
        {
          profile: "night",
          profiles: {
            night: {
              extends: "edge_low_power",
              delivery: "off",
              nodes: [{ match: { node: ["l*"] }, config: { fps: 2 }, runtime: { inbox: { capacity: 4 } } }],
            },
          },
        },
      ),
    ],
    [
      "interceptors",
      graph(
        { plugin: "show" },
        {
          ingress: [
            {
              name: "a",
              match: { node: "cam*", kind: ["frame"] },
              plugin: "limit",
              config: { limit: 1 },
              outputs: { excess: "drop" },
            },
          ],
          egress: [],
        },
      ),
    ],
    ["the old place of runtime", graph({ plugin: "limit", config: { limit: 1, __runtime__: { inbox_max: 2 } } })],
  ])("accepts %s", (_, value) => {
    expect(validate(value) || validate.errors).toBe(true);
  });

  test.each([
    ["a value out of range", graph({ plugin: "limit", config: { limit: 0 } })],
    ["a text without variable where a number stands", graph({ plugin: "limit", config: { limit: "many" } })],
    ["a missing key", graph({ plugin: "limit", config: {} })],
    ["an unknown key", graph({ plugin: "limit", config: { limit: 1, limt: 2 } })],
    ["an unknown key of a node", graph({ plugin: "show", confg: {} })],
    ["an unknown key at the top", graph({ plugin: "show" }, { nodse: [] })],
    ["a node with plugin and use", graph({ plugin: "show", use: "part.yaml" })],
    ["a node with neither", graph({})],
    ["a parameter of an unknown type", graph({ plugin: "show" }, { parameters: { a: { type: "text" } } })],
    ["a port list", graph({ plugin: "show" }, { ports: { in: ["l"] } })],
    [
      "a profile that changes what a graph does",
      graph({ plugin: "show" }, { profiles: { a: { runtime: { on_error: "drop" } } } }),
    ],
    ["a node without id", { version: 2, nodes: [{ plugin: "show" }] }],
    ["an edge without end", graph({ plugin: "show" }, { edges: [{ from: "a" }] })],
    [
      "an interceptor with a wrong config",
      graph({ plugin: "show" }, { egress: [{ plugin: "limit", config: { limit: 0 } }] }),
    ],
    ["an interceptor with an id", graph({ plugin: "show" }, { egress: [{ plugin: "show", id: "a" }] })],
    ["interceptors that are no list", graph({ plugin: "show" }, { ingress: { plugin: "show" } })],
    ["another version", { ...graph({ plugin: "show" }), version: 3 }],
    ["an unknown overflow", graph({ plugin: "show", runtime: { inbox: { overflow: "banana" } } })],
  ])("refuses %s", (_, value) => {
    expect(validate(value)).toBe(false);
  });

  test("is plain JSON", () => {
    const schema = graphJsonSchema(DEFINITIONS);
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });
});
