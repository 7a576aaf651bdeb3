import type { Port } from "../../node/index.ts";
import { LOCAL_KINDS, type Profile, profileFits } from "../../packet/index.ts";
import type { Rule } from "./rule.ts";

/** A payload that cannot leave the process must not enter a port that needs it portable. */
export const profileMismatch: Rule = ({ nodes, edges }, report) => {
  for (const { from, to, place, path } of edges) {
    const made = from.port === undefined ? undefined : nodes[from.node]?.outputs?.[from.port];
    const taken = to.port === undefined ? undefined : nodes[to.node]?.inputs?.[to.port];
    if (!made || !taken || profileFits(profileOf(made), taken.profile)) continue;
    const [maker, taker] = [nodes[from.node]!.id, nodes[to.node]!.id];
    report({
      code: "PROFILE_MISMATCH",
      message: `Cannot connect ${maker}.${from.port} to ${taker}.${to.port} as its payload is ${profileOf(made)} and must be ${taken.profile}`,
      place,
      path,
      hint: "put a node between them that makes the payload portable, such as a detector or a blob writer",
    });
  }
};

/** Frames, sounds and raw bytes stay in the process unless their port says otherwise. */
export function profileOf({ profile, kinds }: Port): Profile | undefined {
  if (profile !== undefined || kinds === "*") return profile;
  return kinds.some((kind) => LOCAL_KINDS.includes(kind)) ? "inproc_any" : undefined;
}
