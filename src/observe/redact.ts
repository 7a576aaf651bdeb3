/** What stands in the place of a secret. */
const MASK = "***";
/** A shorter value would blank ordinary text; it is hidden only where it is the whole value. */
const MIN_IN_TEXT = 4;
/** A shorter line of a secret with several says nothing on its own. */
const MIN_LINE = 8;
/** Deeper structures and longer lists say nothing more in a log, and cost without bound. */
const MAX_DEPTH = 6;
const MAX_ITEMS = 100;

const SECRET_NAME =
  "pass(?:word|wd|phrase|code)?|pwd|secret|(?:access|refresh|id|auth|session|security)?[_-]?token|api[_-]?key|" +
  "access[_-]?key|private[_-]?key|client[_-]?secret|credentials?|signature|authorization|jwt";
/** Names that mean a secret only in the query of an address. */
const QUERY_NAME = `${SECRET_NAME}|key|sig|auth|code|sas|session|user(?:name)?`;

/**
 * Finds every text that the word patterns below could change. They try each word of a text, which costs six times as much
 * as this search, and a recording asks for every packet.
 */
const WORDS =
  /pass|pwd|secret|token|(?:api|access|private)[_-]?key|credential|signature|authorization|cookie|jwt|bearer|basic|negotiate/i;
const hasWord = (text: string) => WORDS.test(text);
const hasAddress = (text: string) => text.includes("://");
const hasValue = (text: string) => text.includes("=");

// Every repetition is bounded, so a hostile string costs linear time. Invariant: where the first entry says no, the
// pattern changes nothing.
const PATTERNS: readonly (readonly [(text: string) => boolean, RegExp, string])[] = [
  // user:password@ where the password may hold "/" or "@", as hand-written camera addresses do; not host:port/path@.
  [
    hasAddress,
    /(\b[a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/:@"'<>]{0,256}:(?!\d{1,5}(?:[/?#]|$))[^\s"'<>]{0,1024}@/gi,
    `$1${MASK}@`,
  ],
  [hasAddress, /(\b[a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/?#"'<>]{1,1024}@/gi, `$1${MASK}@`],
  [
    hasValue,
    new RegExp(`([?&;](?:[a-z0-9]{1,32}[_.-]){0,4}(?:${QUERY_NAME})=)[^\\s&;#"'<>]{1,4096}`, "gi"),
    `$1${MASK}`,
  ],
  // A header line, or a header as a JSON member: everything up to the end of the value goes.
  [
    hasWord,
    /\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(["']?\s{0,8}[:=]\s{0,8}["']?)[^"'\r\n]{1,4096}/gi,
    `$1$2${MASK}`,
  ],
  // Credentials hold something besides lower-case letters; "Basic authentication" does not.
  [hasWord, /\b(Bearer|Basic|Negotiate)\s{1,8}(?=[a-z]{0,64}[A-Z0-9=+/_])[A-Za-z0-9._~+/=-]{8,4096}/g, `$1 ${MASK}`],
  [
    hasWord,
    new RegExp(
      `\\b((?:[a-z0-9]{1,32}[_.-]){0,4}(?:${SECRET_NAME})["']?\\s{0,8}[:=]\\s{0,8})("[^"]{0,4096}"|'[^']{0,4096}'|[^\\s&;,"'<>)}\\]]{1,4096})`,
      "gi",
    ),
    `$1${MASK}`,
  ],
];

const SECRET_FIELD = new RegExp(`(?:^|[_.-])(?:${SECRET_NAME}|cookie)$`, "i");

/** Hides secrets in text and nested values before they reach a log, a report or a page. */
export interface Redactor {
  /** Hides this value from now on, also where it is percent-encoded or escaped in JSON. */
  add(secret: string): void;
  text(text: string): string;
  /** A plain copy of `value` with secrets hidden, bounded in depth and length. */
  value(value: unknown): unknown;
}

export function createRedactor(secrets: Iterable<string> = []): Redactor {
  const known = new Set<string>();
  let ordered: string[] = [];
  const text = (input: string): string => {
    if (known.has(input)) return MASK;
    let result = input;
    for (const secret of ordered) result = result.replaceAll(secret, MASK);
    for (const [may, pattern, mask] of PATTERNS) if (may(result)) result = result.replace(pattern, mask);
    return result;
  };
  const add = (secret: string) => {
    const plain = secret.trim();
    if (plain === "") return;
    // A message may quote one line of a key file.
    const lines = plain.split(/\r?\n/).filter((line) => line.length >= MIN_LINE);
    for (const form of [secret, plain, encodeURIComponent(plain), JSON.stringify(plain).slice(1, -1), ...lines])
      known.add(form);
    // Longest first: a secret may contain another one.
    ordered = [...known].filter((form) => form.length >= MIN_IN_TEXT).sort((a, b) => b.length - a.length);
  };
  for (const secret of secrets) add(secret);
  return { add, text, value: (value) => redactValue(value, text, []) };
}

function redactValue(value: unknown, text: Redactor["text"], above: readonly object[]): unknown {
  if (typeof value === "string") return text(value);
  if (typeof value === "bigint" || typeof value === "symbol") return String(value);
  if (typeof value === "function") return "[function]";
  if (typeof value !== "object" || value === null) return value;
  if (above.includes(value)) return "[circular]";
  if (above.length >= MAX_DEPTH) return "[…]";
  if (value instanceof Error) return text(`${value.name}: ${value.message}`);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  const path = [...above, value];
  if (Array.isArray(value) || value instanceof Set) return redactList([...value], text, path);
  return redactFields(value instanceof Map ? [...value] : Object.entries(value), text, path);
}

function redactList(items: readonly unknown[], text: Redactor["text"], path: readonly object[]): unknown[] {
  const shown = items.slice(0, MAX_ITEMS).map((item) => redactValue(item, text, path));
  return items.length > MAX_ITEMS ? [...shown, `[${items.length - MAX_ITEMS} more]`] : shown;
}

function redactFields(entries: readonly [unknown, unknown][], text: Redactor["text"], path: readonly object[]) {
  const shown: Record<string, unknown> = Object.create(null);
  for (const [key, item] of entries.slice(0, MAX_ITEMS)) {
    const name = String(key);
    shown[text(name)] = SECRET_FIELD.test(name) && item != null ? MASK : redactValue(item, text, path);
  }
  if (entries.length > MAX_ITEMS) shown["…"] = `[${entries.length - MAX_ITEMS} more]`;
  return shown;
}
