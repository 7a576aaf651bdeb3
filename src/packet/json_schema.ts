import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const DIALECTS: Record<string, new (options: object) => Ajv> = {
  "https://json-schema.org/draft/2020-12/schema": Ajv2020,
  "https://json-schema.org/draft/2019-09/schema": Ajv2019,
  "http://json-schema.org/draft-07/schema": Ajv,
};
const NEWEST = "https://json-schema.org/draft/2020-12/schema";

/** Errors kept per packet; a list of a thousand bad items would otherwise carry a thousand texts along. */
const MAX_ERRORS = 8;

export interface SchemaError {
  /** JSON pointer into the payload, "" for the whole. */
  path: string;
  message: string;
}

/**
 * Compiles a JSON Schema (2020-12 unless `$schema` says 2019-09 or draft-07). Unknown keywords and formats are errors,
 * so a typo does not pass everything; other documents are not fetched. Throws an Error that says what is wrong.
 */
export function compileSchema(schema: unknown): (value: unknown) => SchemaError[] {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    throw new Error("a JSON Schema must be a map");
  }
  const dialect = String((schema as { $schema?: unknown }).$schema ?? NEWEST).replace(/#$/, "");
  const Dialect = DIALECTS[dialect];
  if (Dialect === undefined) {
    throw new Error(`$schema must be one of ${Object.keys(DIALECTS).join(", ")}: current value is "${dialect}"`);
  }
  const ajv = new Dialect({ allErrors: true, strictTypes: false, strictTuples: false, strictRequired: false });
  addFormats.default(ajv);
  const validate: ValidateFunction = ajv.compile(schema);
  return (value) => (validate(value) ? [] : (validate.errors ?? []).slice(0, MAX_ERRORS).map(schemaError));
}

function schemaError({ instancePath, message = "is not valid", params }: ErrorObject): SchemaError {
  const { additionalProperty, unevaluatedProperty, allowedValues } = params as Record<string, unknown>;
  const name = additionalProperty ?? unevaluatedProperty;
  if (name !== undefined) return { path: instancePath, message: `${message}: "${name}"` };
  return {
    path: instancePath,
    message: allowedValues === undefined ? message : `${message}: ${JSON.stringify(allowedValues)}`,
  };
}
