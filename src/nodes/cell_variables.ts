import type { Cells, CellUse, CellValue, ConfigIssue } from "../node/index.ts";
import type { StreamPacket } from "../packet/index.ts";
import { cellsRead, type ExpressionInput, expressionIssues, type Wanted } from "./expression.ts";

/** What is wrong with an expression that may read cells of the blackboard, as `cells.NAME`. */
export function cellIssues(path: ConfigIssue["path"], text: string, wanted?: Wanted): ConfigIssue[] {
  const issues = expressionIssues(path, text, wanted, "cells");
  if (issues.length > 0 || !cellsRead(text).includes(undefined)) return issues;
  const message = "expression reads a cell whose name only the run can tell: a cell is read by its name";
  return [{ path, message, hint: "write cells.NAME", offset: text.indexOf("cells") }];
}

/** The cells that these expressions read; none for one that {@link cellIssues} has not passed. */
export function cellsOf(texts: readonly string[]): CellUse {
  const names = texts.flatMap((text) => (cellIssues([], text).length > 0 ? [] : cellsRead(text)));
  return { reads: [...new Set(names)] as string[], writes: [] };
}

/** Makes of a packet what these expressions see: itself, or with the cells they read that have a value now. */
export function seesCells(texts: readonly string[], cells: Cells): (packet: StreamPacket) => ExpressionInput {
  const { reads } = cellsOf(texts);
  if (reads.length === 0) return (packet) => packet;
  return ({ payload, meta, kind, source_id, ts }) => {
    const values: Record<string, CellValue> = {};
    for (const name of reads) {
      const cell = cells.read(name);
      if (cell !== undefined) values[name] = cell.value;
    }
    return { payload, meta, kind, source_id, ts, cells: values };
  };
}
