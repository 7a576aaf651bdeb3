import * as v from "valibot";
import type { NodeDefinition } from "../../src/node/index.ts";

/** Something every node must do. `faults` says how a node fails to; empty when it does. */
export interface Check {
  /** Ends the sentence that starts with the node's name. */
  title: string;
  faults(definition: NodeDefinition): string[] | Promise<string[]>;
}

/** A valibot schema seen from outside, as far as the checks look into it. */
export interface AnySchema {
  type: string;
  entries?: Record<string, AnySchema>;
  wrapped?: AnySchema;
  item?: AnySchema;
  options?: readonly unknown[];
  value?: unknown;
}

/** The config keys of a definition and their schemas. */
export const configKeys = ({ config }: NodeDefinition): [key: string, schema: AnySchema][] =>
  Object.entries((config as unknown as AnySchema).entries ?? {});

/** Where the config is found wrong, by the schema or by the node's own check. Empty when it is right. */
export function issuePaths({ config, check }: NodeDefinition, value: unknown): (readonly unknown[])[] {
  const parsed = v.safeParse(config, value);
  if (parsed.success) return check(parsed.output).map(({ path }) => path);
  return parsed.issues.map((issue) => (issue.path ?? []).map((step) => step.key));
}

/** A config that is right: that of the first example. */
export const rightConfig = ({ examples }: NodeDefinition): Record<string, unknown> => examples[0]?.config ?? {};
