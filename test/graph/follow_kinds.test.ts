import { expect, test } from "bun:test";
import { createRegistry } from "../../src/registry/index.ts";
import { compile } from "../support/graph.ts";

const check = (text: string) => compile(text, { catalogue: createRegistry({ env: {} }) });

const graph = (middle: string, edges: string) => `version: 2
nodes:
  - { id: cam, plugin: video_test_source }
  - { id: numbers, plugin: generate_source }
${middle}
  - { id: out, plugin: null_sink }
edges:
${edges}`;

test("a frame that a filter lets through into a durable edge is found before the run", async () => {
  const { diagnostics } = await check(
    graph(
      `  - { id: some, plugin: filter, config: { when: "true" } }
  - { id: few, plugin: sample, config: { every: 2 } }`,
      `  - { from: cam, to: some }
  - { from: some, to: few }
  - { from: few, to: out, durable: true }
  - { from: numbers, to: out }`,
    ),
  );
  expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
    "PROFILE_MISMATCH Cannot keep the edge from few.out to out on disk as its payload is inproc_any and must be JSON",
  ]);
});

test("where frames and what is portable meet, the filter may tell them apart", async () => {
  const { diagnostics } = await check(
    graph(
      `  - { id: some, plugin: filter, config: { when: 'kind != "frame"' } }`,
      `  - { from: cam, to: some }
  - { from: numbers, to: some }
  - { from: some, to: out, durable: true }`,
    ),
  );
  expect(diagnostics).toEqual([]);
});

test("a kind that cannot be taken is found behind nodes that pass everything", async () => {
  const { diagnostics } = await check(
    graph(
      `  - { id: some, plugin: route, config: { rules: [{ port: near, when: "true" }] } }
  - { id: follow, plugin: event_v02, config: { site_id: S001 } }`,
      `  - { from: cam, to: some }
  - { from: some.near, to: follow }
  - { from: follow, to: out }
  - { from: numbers, to: out }`,
    ),
  );
  expect(diagnostics.map(({ code }) => code)).toEqual(["KINDS_DO_NOT_MEET", "PROFILE_MISMATCH"]);
});
