import * as v from "valibot";

/** The name of an output that the config of a node makes. */
export const portName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_]\w*$/, "a port name is letters, digits and _, not a digit first"),
);
