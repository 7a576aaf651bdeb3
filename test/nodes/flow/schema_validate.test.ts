import { expect, test } from "bun:test";
import * as v from "valibot";
import { schemaValidate } from "../../../src/nodes/flow/schema_validate.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const issuesOf = (config: Record<string, unknown>) => schemaValidate.check(v.parse(schemaValidate.config, config));

async function errorsOf(schema: Record<string, unknown>, payload: unknown) {
  const { process, on } = startNode(schemaValidate, { schema });
  await process(packet({ payload, meta: { seq: 1 } }));
  return on("invalid")[0]?.meta;
}

test("schema_validate lists every error of a payload beside the meta it had", async () => {
  const schema = {
    type: "object",
    properties: { level: { enum: ["low", "high"] }, at: { type: "string", format: "date-time" } },
    additionalProperties: false,
  };
  expect(await errorsOf(schema, { level: "mid", at: "noon", extra: 1 })).toEqual({
    seq: 1,
    schema_errors: [
      { path: "", message: 'must NOT have additional properties: "extra"' },
      { path: "/level", message: 'must be equal to one of the allowed values: ["low","high"]' },
      { path: "/at", message: 'must match format "date-time"' },
    ],
  });
});

test("schema_validate keeps at most eight errors", async () => {
  const meta = await errorsOf({ type: "array", items: { type: "number" } }, Array(50).fill("x"));
  expect(meta!.schema_errors).toHaveLength(8);
});

test("schema_validate passes a fitting packet on as the same object", async () => {
  const { process, on } = startNode(schemaValidate, { schema: { type: "object" } });
  const fitting = packet({ payload: {} });
  await process(fitting);
  expect(on("out")[0]).toBe(fitting);
});

test("schema_validate never changes a payload, not even for a default", async () => {
  const schema = { type: "object", properties: { unit: { type: "string", default: "C" } } };
  const { process, on } = startNode(schemaValidate, { schema });
  await process(packet({ payload: {} }));
  expect(on("out")[0]!.payload).toEqual({});
});

test("schema_validate honours the dialect that $schema names", async () => {
  const draft07 = {
    $schema: "http://json-schema.org/draft-07/schema#",
    items: [{ type: "number" }],
    additionalItems: false,
  };
  expect(await errorsOf(draft07, [1, 2])).toMatchObject({ schema_errors: [{ path: "" }] });
  const newest = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    prefixItems: [{ type: "number" }],
    items: false,
  };
  expect(await errorsOf(newest, [1, 2])).toMatchObject({ schema_errors: [{ path: "" }] });
});

test.each([
  [{ typ: "object" }, "typ"],
  [{ type: "objekt" }, "type"],
  [{ type: "string", format: "colour" }, "colour"],
  [{ $ref: "https://schemas.example/reading.json" }, "can't resolve reference"],
  [{ $schema: "http://json-schema.org/draft-03/schema#" }, "$schema must be one of"],
])("schema_validate finds the fault in the schema %j before the run", (schema, part) => {
  const [issue] = issuesOf({ schema });
  expect(issue!.path).toEqual(["schema"]);
  expect(issue!.message).toContain(part);
});

test("schema_validate needs a schema or a file, not both", () => {
  expect(issuesOf({})).toHaveLength(1);
  expect(issuesOf({ schema: {}, schema_file: "a.json" })).toHaveLength(1);
});

test("schema_validate does not start without its file, and names it", () => {
  expect(() => startNode(schemaValidate, { schema_file: "no.json" }, testContext({ base: "/nowhere" }))).toThrow(
    'cannot use the schema file "no.json"',
  );
});
