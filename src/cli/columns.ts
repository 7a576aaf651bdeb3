/** Rows as aligned columns, one line each; the last column is not padded. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => Bun.stringWidth(row[at]!)))) ?? [];
  return rows
    .map((row) => {
      const cells = row.map((text, at) => text + " ".repeat(widths[at]! - Bun.stringWidth(text)));
      return `${cells.join("  ").trimEnd()}\n`;
    })
    .join("");
}
