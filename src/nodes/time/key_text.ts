/** Stands in front of a key that is no text, or that begins with it. */
const MARK = "\0";

/** Text that is equal for equal JSON values only: text stands for itself, which costs nothing. */
export function keyText(value: unknown): string {
  if (typeof value === "string" && !value.startsWith(MARK)) return value;
  return MARK + JSON.stringify(value);
}

/** The value that {@link keyText} was given. */
export const keyValue = (text: string): unknown => (text.startsWith(MARK) ? JSON.parse(text.slice(1)) : text);

/** The key as people write it: `7` for the number and for the text. */
export function keyName(text: string): string {
  const value = keyValue(text);
  return typeof value === "string" ? value : JSON.stringify(value);
}
