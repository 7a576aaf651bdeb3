import { describe, expect, test } from "bun:test";
import { compile, configs, found } from "../support/graph.ts";

const GRAPH = `version: 2
vars: { label: old, n: 1 }
nodes:
  - { id: cam, plugin: counter, config: { label: "\${vars.label}", items: [1, 2] } }
`;

async function cam(...set: string[]) {
  return (await configs(GRAPH, { set })).cam as Record<string, unknown>;
}

describe("--set", () => {
  test("replaces a variable of the graph", async () => {
    expect((await cam("vars.label=new")).label).toBe("new");
  });

  test.each([
    ["nodes.cam.config.count=7", { count: 7 }],
    ["nodes[0].config.count=7", { count: 7 }],
    ["nodes.cam.config.items=[1, {a: b}]", { items: [1, { a: "b" }] }],
    ["nodes.cam.config.items[1]=x", { items: [1, "x"] }],
    ["nodes.cam.config.label=Hello: you # here", { label: "Hello: you # here" }],
    ["nodes.cam.config.label='5'", { label: "5" }],
    ["nodes.cam.config.label=a=b", { label: "a=b" }],
    ["nodes.cam.config.label=n${vars.n}", { label: "n1" }],
    ["nodes.cam.config.loop=true", { loop: true }],
  ])("%p is read as a value of the file would be", async (set, expected) => {
    expect(await cam(set)).toMatchObject(expected);
  });

  test("may come several times; the last one wins", async () => {
    expect(await cam("vars.label=a", "nodes.cam.config.count=2", "vars.label=b")).toMatchObject({
      label: "b",
      count: 2,
    });
  });

  test("adds keys below a node, also where their map is missing", async () => {
    const { plan } = await compile("version: 2\nnodes:\n  - { id: c, plugin: counter }\n", {
      set: ["nodes.c.config.count=9", "nodes.c.runtime.on_error=drop", "name=other", "http.listen=127.0.0.1:80"],
    });
    expect(plan).toMatchObject({ name: "other", http: { listen: "127.0.0.1:80" } });
    expect(plan!.nodes[0]).toMatchObject({ config: { count: 9 }, runtime: { on_error: "drop" } });
  });

  test("with a fault is shown with the number of the argument", async () => {
    const { diagnostics, texts } = await compile(GRAPH, { set: ["vars.label=x", "nodes.cam.config.count=-1"] });
    expect(diagnostics).toMatchObject([{ code: "CONFIG_VALUE", place: { file: "--set", line: 2, column: 24 } }]);
    expect(texts["--set"]!.split("\n")[1]).toBe("nodes.cam.config.count=-1");
  });

  test("keeps its line when an argument before it holds a line break", async () => {
    const { diagnostics } = await compile(GRAPH, { set: ["vars.label=a\nb", "nodes.cam.config.count=-1"] });
    expect(found(diagnostics)).toEqual(["CONFIG_VALUE@2:24"]);
  });

  test.each(["vars.video", "=5", "a b=5", "a..b=5", ""])("%p is no path=value", async (set) => {
    expect((await compile(GRAPH, { set: [set] })).diagnostics.map(({ code }) => code)).toEqual(["SET_SYNTAX"]);
  });

  test.each([
    ["vars.labl=5", 'did you mean "label"?'],
    ["nodes.camm.config.count=5", 'did you mean "cam"?'],
    ["nodes[4].config.count=5", expect.any(String)],
    ["nodes.cam.config.items[5]=5", expect.any(String)],
    ["nodes.cam.id.x=5", expect.any(String)],
    ["edges[0].from=5", expect.any(String)],
    ["nodes.cam.config.__proto__=5", expect.any(String)],
  ])("%p names nothing in the graph", async (set, hint) => {
    expect((await compile(GRAPH, { set: [set] })).diagnostics).toMatchObject([{ code: "SET_UNKNOWN_PATH", hint }]);
  });

  test("does not show a value whose path says that it is a secret", async () => {
    const result = await compile(GRAPH, { set: ["nodes.cam.config.api_key=hunter2"] });
    expect(result.diagnostics.map(({ code }) => code)).toEqual(["UNKNOWN_KEY"]);
    expect(JSON.stringify([result.diagnostics, result.texts])).not.toContain("hunter2");
  });
});
