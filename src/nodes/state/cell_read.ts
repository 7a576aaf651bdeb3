import * as v from "valibot";
import { ANY, defineNode, port } from "../../node/index.ts";
import { replace } from "../../packet/index.ts";
import { withPath } from "../payload_path.ts";

const text = v.pipe(v.string(), v.minLength(1));

const config = v.strictObject({
  cell: v.pipe(text, v.description("Cell of the graph's `blackboard`.")),
  into: v.pipe(v.optional(text), v.description("Where the value goes in the payload; the cell's name when left out.")),
});

export const cellRead = defineNode({
  name: "cell_read",
  kind: "compute",
  doc: `Adds the value of a cell of the graph's blackboard to each packet.

While the cell has none, because nothing was written or its time to live is over, the packet leaves by \`missing\` as it came.
The payload must be a map; it is copied, never changed in place.`,
  config,
  inputs: { in: port(ANY, "Packets to add the value to.") },
  passes: true,
  outputs: { out: port(ANY, "Packets with the value."), missing: port(ANY, "Packets while the cell has no value.") },
  examples: [
    {
      title: "Each picture says which mode it was taken in",
      config: { cell: "mode", into: "site.mode" },
      cells: { mode: "night" },
      input: [{ payload: { site: { name: "yard" } } }],
      output: { out: [{ payload: { site: { name: "yard", mode: "night" } } }] },
    },
    {
      title: "Nothing was written yet",
      config: { cell: "mode" },
      input: [{ payload: {} }],
      output: { missing: [{ payload: {} }] },
    },
  ],
  cells: ({ cell }) => ({ reads: [cell], writes: [] }),
  create({ cell, into = cell }, { cells }) {
    let missing = 0;
    return {
      process(packet, emit) {
        const found = cells.read(cell);
        if (found !== undefined) {
          return emit.out(replace(packet, { payload: withPath(packet.payload, into, found.value) }));
        }
        missing += 1;
        emit.missing(packet);
      },
      metrics: () => ({ missing_total: missing }),
    };
  },
});
