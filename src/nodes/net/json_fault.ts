const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const BLANK = /[ \t\n\r]*/y;

/** Offset of the first character that keeps `text` from being JSON; its length when the end is missing. */
export function jsonFaultAt(text: string): number {
  let at = 0;
  // Not recursive: a hostile text may be nested a hundred thousand deep.
  const open: ("[" | "{")[] = [];
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found !== null;
  };
  const take = (char: string) => {
    match(BLANK);
    if (text[at] !== char) return false;
    at += 1;
    match(BLANK);
    return true;
  };
  const key = () => match(TEXT) && take(":");
  /** After a value: the next member begins, or everything that ends here ends. */
  const next = (): "value" | "end" | "fault" => {
    while (open.length > 0) {
      const inner = open.at(-1)!;
      if (take(",")) return inner === "[" || key() ? "value" : "fault";
      if (!take(inner === "[" ? "]" : "}")) return "fault";
      open.pop();
    }
    return "end";
  };
  match(BLANK);
  for (;;) {
    if (take("[")) {
      open.push("[");
      if (text[at] !== "]") continue;
    } else if (take("{")) {
      open.push("{");
      if (text[at] !== "}") {
        if (key()) continue;
        return at;
      }
    } else if (!match(TEXT) && !match(LITERAL)) return at;
    const step = next();
    if (step === "value") continue;
    match(BLANK);
    return at;
  }
}

/** `line 3, column 7`, counted from 1, of an offset. */
export function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return `line ${line}, column ${offset - before.lastIndexOf("\n")}`;
}
