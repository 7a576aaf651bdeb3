import type { ListedRow } from "../control/index.ts";
import { columns } from "./columns.ts";
import type { Terminal } from "./terminal.ts";

/** Characters of a payload or an error in a line. */
const CELL = 60;

/** Rows as lines for a person; dead letters tell why they are dead. */
export function rowLines(rows: readonly ListedRow[]): string {
  const many = new Set(rows.map(({ queue }) => queue)).size > 1;
  return columns(
    rows.map((row) => [
      ...(many ? [row.queue] : []),
      `#${row.seq}`,
      ("last_failed_at" in row ? row.last_failed_at : row.enqueued_at) ?? "?",
      row.kind,
      row.source_id,
      row.key,
      `${row.attempts}x${row.crc === "ok" ? "" : " DAMAGED"}`,
      ...("error" in row ? [cut(failureText(row.node, row.error))] : []),
      cut(row.payload),
    ]),
  );
}

/** Errors that an edge heard of name their node already. */
function failureText(node: string, error: string): string {
  const plain = error.replace(`node "${node}": `, "");
  return node === "" ? plain : `${node}: ${plain}`;
}

const cut = (text: string) => {
  const line = text.replace(/\s+/g, " ");
  return line.length <= CELL ? line : `${line.slice(0, CELL - 1)}…`;
};

/** Rows for which `--where` gave no answer. */
export interface Doubts {
  unevaluated?: number;
  first_fault?: string;
}

export function printDoubts({ unevaluated, first_fault }: Doubts, { err }: Terminal) {
  if (unevaluated === undefined) return;
  err(`--where could not be asked of ${unevaluated} rows, which were left out; the first: ${first_fault}\n`);
}
