import { describe, expect, test } from "bun:test";
import { editNodes, type NodeEdit } from "../../src/graph/edit/edit_nodes.ts";

const graph = (edges: string) => `version: 2
nodes:
  - { id: a, plugin: x, config: { n: 1.00, t: "5" } } # one
  - { id: b, plugin: y }
  - { id: c, plugin: z }
edges:
${edges}`;
const edit = (edges: string, how: NodeEdit) => editNodes(graph(edges), how).split("edges:")[1]!.trim().split("\n");

describe("an edge that a node is put into", () => {
  const insert = (on: string, edges: string) =>
    edit(edges, { what: "insert", node: "{ id: n, plugin: p }", on, input: "in", output: "out" });

  test("keeps its options on the part behind, and its ports", () => {
    expect(insert("a->b", "  - { from: a.x, to: b.y, durable: { path: q }, payload_ref: true }\n")).toEqual([
      "- { from: a.x, to: n.in }",
      "  - { from: n.out, to: b.y, durable: { path: q }, payload_ref: true }",
    ]);
  });

  test("may be written with the other words for its ends", () => {
    expect(insert("a.x->b", "  - { src: a, src_port: x, dst: b }\n")).toEqual([
      "- { from: a.x, to: n.in }",
      "  - { from: n.out, to: b }",
    ]);
  });

  test("is named with its ports where there are two", () => {
    const two = "  - { from: a.x, to: b }\n  - { from: a.y, to: b }\n";
    expect(() => insert("a->b", two)).toThrow("a->b is 2 edges");
    expect(insert("a.y->b", two)).toEqual([
      "- { from: a.x, to: b }",
      "  - { from: a.y, to: n.in }",
      "  - { from: n.out, to: b }",
    ]);
  });
});

describe("a node that is taken out", () => {
  const remove = (edges: string, cut = false) => edit(edges, { what: "remove", id: "b", cut });

  test("joins all before it to all behind it, with what is written on its edges", () => {
    expect(remove("  - { from: a, to: b, durable: true }\n  - { from: d, to: b }\n  - { from: b, to: c.z }\n")).toEqual(
      ["- { from: a, to: c.z, durable: true }", "  - { from: d, to: c.z }"],
    );
  });

  test("joins nothing with cut, nor at an end of the graph", () => {
    expect(remove("  - { from: a, to: b }\n  - { from: b, to: c }\n  - { from: a, to: c }\n", true)).toEqual([
      "- { from: a, to: c }",
    ]);
    expect(remove("  - { from: a, to: b }\n  - { from: a, to: c }\n")).toEqual(["- { from: a, to: c }"]);
  });

  test("of two outputs is refused", () => {
    expect(() => remove("  - { from: a, to: b }\n  - { from: b.x, to: c }\n  - { from: b.y, to: c }\n")).toThrow(
      "node b has more than one way in or out",
    );
  });
});

test("everything else stays as it is written", () => {
  const made = editNodes(graph("  - { from: a, to: b }\n"), { what: "replace", id: "b", node: "{ plugin: w } " });
  expect(made).toBe(graph("  - { from: a, to: b }\n").replace("plugin: y", "plugin: w"));
});
