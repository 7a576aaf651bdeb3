/** A piece of a text with variables: literal text, or what stands between `${` and its `}`. */
export type Part = string | { reference: string };

/**
 * Cuts a text at its `${…}`. `\${` is a literal `${`; before a reference `\\` is one backslash.
 * Returns undefined when a `${` has no `}`.
 */
export function cutTemplate(text: string): Part[] | undefined {
  const parts: Part[] = [];
  let literal = "";
  let at = 0;
  for (let open = text.indexOf("${"); open !== -1; open = text.indexOf("${", at)) {
    let slashes = 0;
    while (open - slashes > at && text[open - slashes - 1] === "\\") slashes += 1;
    literal += text.slice(at, open - slashes) + "\\".repeat(slashes >> 1);
    if (slashes % 2 === 1) {
      literal += "${";
      at = open + 2;
      continue;
    }
    const close = closingBrace(text, open + 2);
    if (close === -1) return undefined;
    if (literal !== "") parts.push(literal);
    literal = "";
    parts.push({ reference: text.slice(open + 2, close) });
    at = close + 1;
  }
  literal += text.slice(at);
  if (literal !== "") parts.push(literal);
  return parts;
}

/** Braces inside nest, so a default may be `{a: 1}` or another `${…}`. */
function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "{") depth += 1;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
}

const OPENING = "{[(";
const CLOSING = "}])";

/** Cuts arguments at the commas that stand outside quotes and brackets, and trims them. */
export function cutArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (OPENING.includes(character)) depth += 1;
    else if (CLOSING.includes(character)) depth -= 1;
    else if (character === "," && depth <= 0) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}

/** The text inside matching quotes, or undefined when it is not quoted. */
export function unquote(text: string): string | undefined {
  const first = text[0];
  if (text.length < 2 || (first !== '"' && first !== "'") || text.at(-1) !== first) return undefined;
  return text.slice(1, -1).replaceAll(`\\${first}`, first);
}

/** `a.b[0].c` as keys and indexes; undefined when it is no such path. */
export function cutPath(text: string): (string | number)[] | undefined {
  const path: (string | number)[] = [];
  const step = /(?:^|\.)([^.[\]\s]+)|\[(\d+)\]/y;
  while (step.lastIndex < text.length) {
    const match = step.exec(text);
    if (!match) return undefined;
    path.push(match[1] ?? Number(match[2]));
  }
  return path.length > 0 ? path : undefined;
}
