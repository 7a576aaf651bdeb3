import { expect, test } from "bun:test";
import { configRows } from "../../src/cli/config_rows.ts";

const keys = (properties: object) => configRows({ type: "object", properties }).map(({ key }) => key);

test("a node's page lists the keys of maps, of lists of maps, and of maps whose names the graph chooses", () => {
  const map = { type: "object", properties: { fn: { type: "string" } }, additionalProperties: false };
  expect(keys({ one: map, list: { type: "array", items: map } })).toEqual(["one", "one.fn", "list", "list[].fn"]);
  expect(keys({ named: { type: "object", additionalProperties: map } })).toEqual(["named", "named.*.fn"]);
});
