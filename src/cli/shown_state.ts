import { Packet } from "../packet/index.ts";

/** Items of a list or a map that are shown unless more are asked for. */
export const SHOWN_ITEMS = 100;
/** As deep as states are kept. */
const MAX_DEPTH = 200;

/**
 * A state as JSON can show it: columns of numbers as lists, maps with text keys as maps and others as lists of pairs. Of
 * bytes it tells how many, and of a long list how many more there are. It is for reading: nothing makes a state of it.
 */
export function shown(state: unknown, limit = SHOWN_ITEMS, depth = 0): unknown {
  const inside = (value: unknown) => shown(value, limit, depth + 1);
  if (typeof state === "bigint") return `${state}n`;
  if (typeof state === "number") return Number.isFinite(state) ? state : String(state);
  if (state === undefined) return null;
  if (typeof state !== "object" || state === null) return state;
  if (depth > MAX_DEPTH) return "…";
  if (state instanceof Uint8Array) return `${state.length} bytes`;
  if (ArrayBuffer.isView(state)) return list([...(state as unknown as Iterable<unknown>)], limit, inside);
  if (Array.isArray(state)) return list(state, limit, inside);
  if (state instanceof Set) return list([...state], limit, inside);
  if (state instanceof Map) return mapped(state, limit, inside);
  const entries = state instanceof Packet ? FIELDS.map((name) => [name, state[name]] as const) : Object.entries(state);
  // The fields of a state are few, and all of them are what it is.
  return object(entries, Math.max(limit, SHOWN_ITEMS), inside);
}

const FIELDS = ["packet_id", "ts", "kind", "source_id", "payload", "meta"] as const;

function list(items: readonly unknown[], limit: number, inside: (value: unknown) => unknown): unknown[] {
  const first = items.slice(0, limit).map(inside);
  return items.length > limit ? [...first, `… ${items.length - limit} more`] : first;
}

function mapped(map: ReadonlyMap<unknown, unknown>, limit: number, inside: (value: unknown) => unknown): unknown {
  const entries = [...map];
  if (entries.every(([key]) => typeof key === "string")) return object(entries as [string, unknown][], limit, inside);
  return list(entries, limit, inside);
}

function object(
  entries: readonly (readonly [string, unknown])[],
  limit: number,
  inside: (value: unknown) => unknown,
): object {
  const first = entries.slice(0, limit).map(([key, value]) => [key, inside(value)]);
  const more = entries.length > limit ? [["…", `${entries.length - limit} more`]] : [];
  return Object.fromEntries([...first, ...more]);
}
