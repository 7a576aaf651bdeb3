import * as v from "valibot";
import { ANY, type Cells, type CellValue, type ConfigIssue, defineNode, port } from "../../node/index.ts";
import { eventTimeMs, type StreamPacket } from "../../packet/index.ts";
import { cellIssues, cellsOf, seesCells } from "../cell_variables.ts";
import { compileValue } from "../expression.ts";
import { readPath } from "../payload_path.ts";

const text = v.pipe(v.string(), v.minLength(1));

const config = v.strictObject({
  cell: v.pipe(text, v.description("Cell of the graph's `blackboard`.")),
  from: v.pipe(v.optional(text), v.description("Where the value stands in the payload, such as `door.open`.")),
  cel: v.pipe(
    v.optional(text),
    v.description("Or a CEL expression that gives it; it may read cells, as `cells.NAME`."),
  ),
});

export const cellWrite = defineNode({
  name: "cell_write",
  kind: "compute",
  doc: `Writes a value of each packet into a cell of the graph's blackboard, and passes the packet on.

The value stands at \`from\` in the payload or is what \`cel\` gives; without both it is the whole payload. Who reads the cell
from then on has it, with the packet's event time. A value of another type than the cell's, or larger than its bound, is an
error: the packet becomes a dead letter and the cell keeps what it had.`,
  config,
  inputs: { in: port(ANY, "Packets to take a value of.") },
  passes: true,
  outputs: { out: port(ANY, "The same packets, after the write.") },
  examples: [
    {
      title: "What the switch says is remembered for others",
      config: { cell: "mode", from: "mode" },
      cells: { mode: "day" },
      input: [{ payload: { mode: "night" } }],
      output: { out: [{ payload: { mode: "night" } }] },
    },
  ],
  check: ({ from, cel }): ConfigIssue[] => {
    if (from !== undefined && cel !== undefined)
      return [{ path: ["cel"], message: "only one of from and cel can be given" }];
    return cel === undefined ? [] : cellIssues(["cel"], cel);
  },
  cells: ({ cell, cel }) => ({ reads: cel === undefined ? [] : cellsOf([cel]).reads, writes: [cell] }),
  create({ cell, from, cel }, { cells }) {
    const takes = cel !== undefined ? computed(cel, cells) : from !== undefined ? at(from) : whole;
    let written = 0;
    return {
      process(packet, emit) {
        cells.write(cell, takes(packet) as CellValue, eventTimeMs(packet));
        written += 1;
        emit.out(packet);
      },
      metrics: () => ({ written_total: written }),
    };
  },
});

function computed(cel: string, cells: Cells) {
  const [evaluate, seen] = [compileValue(cel, "cells"), seesCells([cel], cells)];
  return (packet: StreamPacket) => evaluate(seen(packet));
}

const whole = ({ payload }: StreamPacket) => payload;

const at =
  (path: string) =>
  ({ payload }: StreamPacket) => {
    const { found, value } = readPath(payload, path);
    if (found) return value;
    throw new Error(`cannot write the cell: the payload has no "${path}"`);
  };
