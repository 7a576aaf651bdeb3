/** What stands in the place of a masked value, as in logs. */
export const MASK = "***";

/** One step per part; `*` is every key or item. */
export type MaskPath = readonly string[];

const PATH = /^(?:payload|meta)(?:\.(?:\*|[^.\s[\]]+)|\[(?:\*|\d+)\])*$/;

/** Reads `payload.user.name` or `payload.items[*].token`; undefined for anything else. */
export function maskPath(text: string): MaskPath | undefined {
  if (!PATH.test(text)) return undefined;
  return text.replace(/\[([^\]]+)\]/g, ".$1").split(".");
}

/** `value` with what is at `path` masked; itself when nothing is there. Copies the way there and nothing else. */
export function masked(value: unknown, path: MaskPath): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return MASK;
  if (typeof value !== "object" || value === null) return value;
  const keys = step === "*" ? Object.keys(value) : Object.hasOwn(value, step) ? [step] : [];
  if (keys.length === 0) return value;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
  let met = false;
  for (const key of keys) {
    const before = Reflect.get(copy, key);
    const shown = masked(before, rest);
    // Also a value that reads as the mask does was met.
    met ||= rest.length === 0 || shown !== before;
    Reflect.set(copy, key, shown);
  }
  return met ? copy : value;
}

/** Every text in a JSON value without the secrets that `hide` knows, also where the key tells that it is one. */
export function hidden(value: unknown, hide: (text: string) => string, key = ""): unknown {
  if (typeof value === "string") return saysSecret(key, value, hide) ? MASK : hide(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => hidden(item, hide, key));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [hide(name), hidden(item, hide, name)]));
}

/** `"password": "x"` is one for its name, which the value alone does not show. */
function saysSecret(key: string, value: string, hide: (text: string) => string): boolean {
  const pair = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
  return hide(value) === value && hide(pair) !== pair;
}
