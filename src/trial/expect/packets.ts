import type { StreamPacket } from "../../packet/index.ts";
import type { ExpectedPacket } from "../script/shape.ts";
import { differences, listed, show } from "./compare.ts";

/** Packets that are told in full when there are too many or too few. */
const MAX_TOLD = 3;

export interface PacketsOptions {
  /** Nothing else may be in payload and meta. */
  exact: boolean;
  /** In any order: each wanted packet has one of its own. */
  anyOrder: boolean;
}

/** Why the packets are not those that are wanted; undefined when they are. */
export function packetsDiffer(
  wanted: readonly ExpectedPacket[],
  got: readonly StreamPacket[],
  { exact, anyOrder }: PacketsOptions,
): string | undefined {
  const rest = anyOrder ? unmatched(wanted, got, exact) : undefined;
  if (rest !== undefined) return anyOrderText(wanted, got, rest);
  const at = anyOrder
    ? -1
    : wanted.findIndex((one, index) => index < got.length && differ(one, got[index]!, exact).length > 0);
  if (at >= 0)
    return `packet ${at + 1} of ${got.length} differs${listed(differ(wanted[at]!, got[at]!, exact))}${count(wanted, got)}`;
  if (wanted.length === got.length) return undefined;
  return `${count(wanted, got).trim()}${extra(wanted, got)}`;
}

const count = (wanted: readonly unknown[], got: readonly unknown[]) =>
  wanted.length === got.length ? "" : `\n    expected ${packets(wanted.length)}, got ${got.length}`;

export const packets = (count: number): string => (count === 1 ? "1 packet" : `${count} packets`);

function extra(wanted: readonly ExpectedPacket[], got: readonly StreamPacket[]): string {
  const [word, list]: [string, readonly unknown[]] =
    got.length > wanted.length ? ["unexpected", got.slice(wanted.length)] : ["missing", wanted.slice(got.length)];
  const told = list.slice(0, MAX_TOLD).map((one) => `\n    ${word}: ${show(one)}`);
  return `${told.join("")}${list.length > MAX_TOLD ? `\n    and ${list.length - MAX_TOLD} more` : ""}`;
}

/** What of a packet is not as wanted. Only fields that are written are compared. */
function differ(wanted: ExpectedPacket, got: StreamPacket, exact: boolean) {
  const fields = Object.entries(wanted).filter(([, value]) => value !== undefined);
  return fields.flatMap(([name, value]) => differences(value, got[name as keyof StreamPacket], { exact, at: name }));
}

/** The wanted ones without a packet of their own, and the packets that nobody wanted; undefined when there are none. */
function unmatched(wanted: readonly ExpectedPacket[], got: readonly StreamPacket[], exact: boolean) {
  const left = [...got];
  const missing = wanted.filter((one) => {
    const at = left.findIndex((packet) => differ(one, packet, exact).length === 0);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return missing.length === 0 && left.length === 0 ? undefined : { missing, left };
}

function anyOrderText(
  wanted: readonly ExpectedPacket[],
  got: readonly StreamPacket[],
  { missing, left }: { missing: readonly ExpectedPacket[]; left: readonly StreamPacket[] },
): string {
  const told = [
    ...missing.slice(0, MAX_TOLD).map((one) => `\n    missing: ${show(one)}`),
    ...left.slice(0, MAX_TOLD).map((one) => `\n    unexpected: ${show(one)}`),
  ];
  return `of ${packets(wanted.length)} in any order ${missing.length} did not come, and of ${got.length} that came ${left.length} were not expected${told.join("")}`;
}
