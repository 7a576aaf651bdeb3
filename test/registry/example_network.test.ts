import { expect, test } from "bun:test";
import type { NodeDefinition } from "../../src/node/index.ts";
import { httpSink } from "../../src/nodes/net/http_sink.ts";
import { httpSource } from "../../src/nodes/net/http_source.ts";
import { runExamples } from "../../src/registry/examples.ts";

const faultsOf = async (definition: NodeDefinition) => (await runExamples(definition)).flatMap(({ faults }) => faults);
const withExample = (definition: NodeDefinition, change: object): NodeDefinition => ({
  ...definition,
  examples: [{ ...definition.examples[0]!, ...change }],
});

test("examples of nodes that serve and post are run on a network of their own", async () => {
  expect(await faultsOf(httpSink)).toEqual([]);
  expect(await faultsOf(httpSource)).toEqual([]);
});

test("an example that promises other requests or statuses is told so", async () => {
  const posted = [{ url: "http://127.0.0.1:8080/elsewhere", body: "1" }];
  expect(await faultsOf(withExample(httpSink, { posted }))).toEqual([expect.stringContaining("it sent [")]);
  const requests = httpSource.examples[0]!.requests!.map((request) => ({ ...request, status: 200 }));
  expect(await faultsOf(withExample(httpSource, { requests }))).toEqual([
    "requests should get 200,200, they got 202,400",
  ]);
});
