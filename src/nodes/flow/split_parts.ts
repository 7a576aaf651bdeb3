/** What a payload is cut into; `count` is known before the first part is made. */
export interface Parts {
  readonly count: number;
  /** One after the other, so that they need no room beside what they are cut from. */
  readonly values: Iterable<unknown>;
}

/** Windows of `size` items that begin every `step` items. The first that reaches the end is the last, and may be shorter. */
export interface Windows {
  readonly size: number;
  readonly step: number;
}

function countOf(length: number, { size, step }: Windows): number {
  if (length === 0) return 0;
  return step > size ? Math.ceil(length / step) : Math.max(0, Math.ceil((length - size) / step)) + 1;
}

function parts(length: number, windows: Windows, cut: (from: number, to: number) => unknown): Parts {
  const count = countOf(length, windows);
  function* values() {
    for (let index = 0; index < count; index++) {
      const from = index * windows.step;
      yield cut(from, Math.min(length, from + windows.size));
    }
  }
  return { count, values: values() };
}

/** Items of a list: each by itself when the size is 1, else lists of them. */
export function listParts(list: readonly unknown[], windows: Windows): Parts {
  if (windows.size === 1) return parts(list.length, windows, (from) => list[from]);
  return parts(list.length, windows, (from, to) => list.slice(from, to));
}

/** Lines of a text, without the line ends at its own end and between windows. */
export function lineParts(text: string, windows: Windows): Parts {
  const starts = lineStarts(text);
  const endOf = (line: number) => {
    const next = starts[line + 1];
    if (next === undefined) return text.endsWith("\n") ? trimmed(text, text.length) : text.length;
    return trimmed(text, next);
  };
  return parts(starts.length, windows, (from, to) => text.slice(starts[from]!, endOf(to - 1)));
}

/** Without the line end before `end`. */
const trimmed = (text: string, end: number) => (text[end - 2] === "\r" ? end - 2 : end - 1);

function lineStarts(text: string): number[] {
  if (text === "") return [];
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1 && at + 1 < text.length; at = text.indexOf("\n", at + 1))
    starts.push(at + 1);
  return starts;
}

/** Characters of a text, or bytes. A character beyond 16 bits is never cut in two. */
export function chunkParts(value: string | Uint8Array, windows: Windows): Parts {
  if (typeof value !== "string") return parts(value.length, windows, (from, to) => value.subarray(from, to));
  const characters = /[\ud800-\udfff]/.test(value) ? [...value] : undefined;
  if (characters === undefined) return parts(value.length, windows, (from, to) => value.slice(from, to));
  return parts(characters.length, windows, (from, to) => characters.slice(from, to).join(""));
}
