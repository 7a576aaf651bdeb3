import * as v from "valibot";

const text = v.pipe(v.string(), v.trim(), v.nonEmpty());
/** Why 128: as long as an id may be. */
const glob = v.pipe(text, v.maxLength(128));
const oneOrMore = <Schema extends v.GenericSchema<string, string>>(schema: Schema, doc: string) =>
  v.optional(
    v.pipe(
      v.union([schema, v.pipe(v.array(schema), v.minLength(1))]),
      v.transform((given): string[] => [given].flat()),
      v.description(doc),
    ),
  );

/** An interceptor's name is part of an id, as a node's own is; it is shorter, for both must fit. */
const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/** One item of `ingress` or `egress`. */
export const interceptorShape = v.strictObject({
  name: v.optional(v.pipe(text, v.regex(NAME), v.description("Stands in the ids of its nodes; default its position."))),
  match: v.optional(
    v.pipe(
      v.strictObject({
        node: oneOrMore(glob, "Ids, with * and ?: cam*, or a list."),
        plugin: oneOrMore(text, "Plugin names, or a list."),
        kind: oneOrMore(text, "Kinds of packets that may pass there, or a list."),
      }),
      v.description("Which sources or sinks; all unless given."),
    ),
  ),
  plugin: v.pipe(text, v.description("A node with one input and an output.")),
  outputs: v.optional(
    v.pipe(
      v.record(v.pipe(v.string(), v.regex(/^[A-Za-z_]\w*$/, "must be the name of an output")), text),
      v.description("Where its further outputs lead: dead_letter (the default), drop, or a node."),
    ),
  ),
  // Read by themselves, as those of a node.
  config: v.optional(v.pipe(v.unknown(), v.description("Settings of the node."))),
  runtime: v.optional(v.pipe(v.unknown(), v.description("As a node's."))),
});

/** What is written in the place of a target; not the names of nodes. */
export const TARGETS = ["dead_letter", "drop"] as const;
