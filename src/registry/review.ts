import * as v from "valibot";
import type { NodeDefinition } from "../node/index.ts";
import { type ExampleResult, runExamples } from "./examples.ts";

/** What `schnitzel plugin check` finds out about one node beyond what loading it needs. */
export interface NodeReview {
  faults: readonly string[];
  examples: readonly ExampleResult[];
}

/** A key nobody gives a meaning to. */
const TYPO = "schnitzel_unknown_key";

export async function reviewNode(definition: NodeDefinition): Promise<NodeReview> {
  const { examples, config, doc } = definition;
  const faults: string[] = [];
  if (examples.length === 0) faults.push("has no example: the docs show them, and checking runs them");
  if (!/[.!?:]/.test(doc.split("\n")[0]!)) faults.push("has a doc whose first line is no sentence");
  const typo = v.safeParse(config, { ...examples[0]?.config, [TYPO]: true });
  if (typo.success) faults.push("has a config that takes unknown keys, so a typo goes unseen: use v.strictObject");
  return { faults, examples: await runExamples(definition) };
}
