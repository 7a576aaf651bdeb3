import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, type NodeContext, port } from "../../node/index.ts";
import { replace } from "../../packet/index.ts";
import { compileSchema } from "../../packet/json_schema.ts";

const config = v.strictObject({
  schema: v.pipe(v.optional(v.record(v.string(), v.unknown())), v.description("JSON Schema for the payload.")),
  schema_file: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1))),
    v.description("JSON file with the schema, instead of `schema`."),
  ),
});

export const schemaValidate = defineNode({
  name: "schema_validate",
  kind: "policy",
  doc: `Checks payloads against a [JSON Schema](https://json-schema.org); bad packets leave by \`invalid\`.

Their errors stand in \`meta.schema_errors\` as \`{ path, message }\`, eight at most. The schema is 2020-12 unless its
\`$schema\` says 2019-09 or draft-07. Keywords and formats nobody knows are errors, and \`$ref\` stays inside the schema:
nothing is fetched. Values are checked, never changed: no defaults are filled in and no types converted.`,
  config,
  inputs: { in: port(ANY, "Packets to check.") },
  passes: true,
  outputs: { out: port(ANY, "Payloads that fit."), invalid: port(ANY, "The others, with `meta.schema_errors`.") },
  examples: [
    {
      title: "A reading needs a number",
      config: { schema: { type: "object", required: ["celsius"], properties: { celsius: { type: "number" } } } },
      input: [{ payload: { celsius: 21 } }, { payload: { celsius: "21" } }],
      output: {
        out: [{ payload: { celsius: 21 } }],
        invalid: [
          {
            payload: { celsius: "21" },
            meta: { schema_errors: [{ path: "/celsius", message: "must be number" }] },
          },
        ],
      },
    },
    {
      title: "A schema in a file",
      config: { schema_file: "reading.schema.json" },
      files: { "reading.schema.json": '{ "type": "object", "required": ["celsius"] }' },
      input: [{ payload: { fahrenheit: 70 } }],
      output: {
        out: [],
        invalid: [{ meta: { schema_errors: [{ path: "", message: "must have required property 'celsius'" }] } }],
      },
    },
  ],
  check: ({ schema, schema_file }) => schemaIssues(schema, schema_file),
  reads: ({ schema_file }) => (schema_file === undefined ? [] : [{ path: ["schema_file"], file: schema_file }]),
  create({ schema, schema_file }, context) {
    const errorsOf = schema_file === undefined ? compileSchema(schema) : compileFile(schema_file, context);
    let invalid = 0;
    return {
      process(packet, emit) {
        const schema_errors = errorsOf(packet.payload);
        if (schema_errors.length === 0) return emit.out(packet);
        invalid += 1;
        emit.invalid(replace(packet, { meta: { ...packet.meta, schema_errors } }));
      },
      metrics: () => ({ invalid_total: invalid }),
    };
  },
});

function schemaIssues(schema: unknown, file: string | undefined): ConfigIssue[] {
  if ((schema === undefined) === (file === undefined)) {
    return [{ path: [], message: "exactly one of schema and schema_file is needed" }];
  }
  if (schema === undefined) return [];
  try {
    compileSchema(schema);
    return [];
  } catch (error) {
    return [{ path: ["schema"], message: `is no usable JSON Schema: ${(error as Error).message}` }];
  }
}

function compileFile(file: string, { files }: NodeContext) {
  try {
    return compileSchema(JSON.parse(files.readText(file)));
  } catch (error) {
    throw new Error(`cannot use the schema file "${file}": ${(error as Error).message}`);
  }
}
