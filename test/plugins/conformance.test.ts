import { expect, test } from "bun:test";
import { Hysteresis } from "../../plugins/hysteresis.ts";
import { MovingAverage } from "../../plugins/moving_average.ts";
import { CONFIG_CHECKS } from "../conformance/config_checks.ts";
import { DOC_CHECKS } from "../conformance/doc_checks.ts";
import { RUN_CHECKS } from "../conformance/run_checks.ts";

// A plugin that serves as a pattern keeps every rule of a built-in node.
for (const definition of [MovingAverage, Hysteresis]) {
  for (const check of [...DOC_CHECKS, ...CONFIG_CHECKS, ...RUN_CHECKS]) {
    test(`plugin ${definition.name} ${check.title}`, async () => {
      expect(await check.faults(definition)).toEqual([]);
    });
  }
}
