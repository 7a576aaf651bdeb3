import { compileCondition } from "../../nodes/expression.ts";
import { compileSchema } from "../../packet/json_schema.ts";
import type { Captured } from "../life/captures.ts";
import type { ExpectedPacket, ExpectedPort } from "../script/shape.ts";
import { show } from "./compare.ts";
import { type Fail, type Outcome, portNamed } from "./outcome.ts";
import { packets, packetsDiffer } from "./packets.ts";
import { packetLines, type Snapshots, snapshotDiffers } from "./snapshot.ts";

/** Faults of a port that are told one by one. */
const MAX_TOLD = 3;

export interface PortChecks {
  readonly snapshots: Snapshots;
  /** The JSON Schema that a test file names or holds. */
  schema(written: unknown): unknown;
}

/** Checks what passed a port. `path` leads to it under `expect`. */
export function checkPort(
  path: readonly string[],
  wanted: readonly ExpectedPacket[] | ExpectedPort,
  { captures, plan }: Outcome,
  checks: PortChecks,
  fail: Fail,
) {
  const got = captures.of(portNamed(path.at(-1)!, plan) as string);
  const all = got.map(({ packet }) => packet);
  const tell = (key: string | undefined, problem: string | undefined) => {
    if (problem !== undefined) fail(key === undefined ? path : [...path, key], problem);
  };
  if (Array.isArray(wanted)) return tell(undefined, packetsDiffer(wanted, all, { exact: false, anyOrder: false }));
  const expected = wanted as ExpectedPort;
  const anyOrder = expected.order === "any";
  if (expected.packets) tell("packets", packetsDiffer(expected.packets, all, { exact: false, anyOrder }));
  if (expected.exactly) tell("exactly", packetsDiffer(expected.exactly, all, { exact: true, anyOrder }));
  if (expected.count !== undefined) tell("count", countDiffers(expected.count, all.length));
  for (const text of [expected.every ?? []].flat()) tell("every", everyFails(text, got));
  for (const text of [expected.some ?? []].flat()) tell("some", someFails(text, got));
  if (expected.schema !== undefined) tell("schema", schemaFails(checks.schema(expected.schema), got));
  if (expected.at) tell("at", timesDiffer(expected.at, got));
  if (expected.within !== undefined) tell("within", outside(expected.within, got));
  if (expected.snapshot) tell("snapshot", snapshotDiffers(packetLines(all), expected.snapshot, checks.snapshots));
}

/** Why there are too few or too many. */
export function countDiffers(wanted: number | { min?: number | undefined; max?: number | undefined }, got: number) {
  const { min = 0, max = Number.POSITIVE_INFINITY } =
    typeof wanted === "number" ? { min: wanted, max: wanted } : wanted;
  if (got >= min && got <= max) return undefined;
  const range = min === max ? `${min}` : max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
  return `expected ${range}, got ${got}`;
}

/** A condition that cannot be evaluated does not hold. */
function holds(text: string): (captured: Captured) => string | undefined {
  const condition = compileCondition(text);
  return ({ packet }) => {
    try {
      return condition(packet) ? undefined : "";
    } catch (error) {
      return ` (${(error as Error).message})`;
    }
  };
}

function everyFails(text: string, got: readonly Captured[]): string | undefined {
  const check = holds(text);
  const wrong = got.flatMap((one, at) => {
    const why = check(one);
    return why === undefined ? [] : [`\n    packet ${at + 1}: ${show(one.packet)}${why}`];
  });
  if (wrong.length === 0) return undefined;
  return `"${text}" does not hold for ${wrong.length} of ${packets(got.length)}${told(wrong)}`;
}

function someFails(text: string, got: readonly Captured[]): string | undefined {
  const check = holds(text);
  return got.some((one) => check(one) === undefined) ? undefined : `"${text}" holds for none of ${packets(got.length)}`;
}

function schemaFails(schema: unknown, got: readonly Captured[]): string | undefined {
  const validate = compileSchema(schema);
  const wrong = got.flatMap(({ packet }, at) =>
    validate(packet.payload).map(({ path, message }) => `\n    packet ${at + 1}: payload${path} ${message}`),
  );
  return wrong.length === 0 ? undefined : `payloads do not fit the schema${told(wrong)}`;
}

function timesDiffer(wanted: readonly number[], got: readonly Captured[]): string | undefined {
  const times = got.map(({ atMs }) => Math.round(atMs));
  if (wanted.length === times.length && wanted.every((ms, at) => ms === times[at])) return undefined;
  return `expected at ${wanted.map(time).join(", ") || "no time"}, came at ${times.map(time).join(", ") || "no time"}`;
}

function outside(within: number | { from?: number | undefined; to?: number | undefined }, got: readonly Captured[]) {
  const { from = 0, to = Number.POSITIVE_INFINITY } = typeof within === "number" ? { to: within } : within;
  const wrong = got.flatMap(({ atMs }, at) =>
    atMs < from || atMs > to ? [`\n    packet ${at + 1} came at ${time(atMs)}`] : [],
  );
  if (wrong.length === 0) return undefined;
  return `${wrong.length} of ${packets(got.length)} did not come between ${time(from)} and ${time(to)}${told(wrong)}`;
}

const told = (lines: readonly string[]) =>
  `${lines.slice(0, MAX_TOLD).join("")}${lines.length > MAX_TOLD ? `\n    and ${lines.length - MAX_TOLD} more` : ""}`;

/** As a person would write it. */
export function time(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return "the end";
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${Math.round(ms * 1_000) / 1_000}ms`;
}
