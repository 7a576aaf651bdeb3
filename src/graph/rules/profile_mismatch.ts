import type { Port, Ports } from "../../node/index.ts";
import { LOCAL_KINDS, type Profile, profileFits } from "../../packet/index.ts";
import { type Rule, whereOf } from "./rule.ts";

/** A payload that cannot leave the process must not enter a port that needs it portable. */
export const profileMismatch: Rule = (draft, report) => {
  const { nodes, edges } = draft;
  for (const edge of edges) {
    const { from, to } = edge;
    const made = from.port === undefined ? undefined : nodes[from.node]?.outputs?.[from.port];
    const taken = to.port === undefined ? undefined : nodes[to.node]?.inputs?.[to.port];
    if (!made || !taken || profileFits(profileOf(made), taken.profile)) continue;
    const [maker, taker] = [nodes[from.node]!.id, nodes[to.node]!.id];
    report({
      code: "PROFILE_MISMATCH",
      message: `Cannot connect ${maker}.${from.port} to ${taker}.${to.port} as its payload is ${profileOf(made)} and must be ${taken.profile}`,
      ...whereOf(edge, draft),
      hint: hintFor(maker, nodes[from.node]!.outputs!, taken),
    });
  }
};

/** The same node often has what is wanted at another port, as a detector has its detections without pixels. */
function hintFor(maker: string, outputs: Ports, taken: Port): string {
  const meets = ({ kinds }: Port) =>
    kinds === "*" || taken.kinds === "*" || kinds.some((kind) => taken.kinds.includes(kind));
  const other = Object.entries(outputs).find(([, made]) => meets(made) && profileFits(profileOf(made), taken.profile));
  if (other !== undefined) return `take ${maker}.${other[0]}, which is portable`;
  return "put a node between them that makes the payload portable, such as a detector or a blob writer";
}

/** Frames, sounds and raw bytes stay in the process unless their port says otherwise. */
export function profileOf({ profile, kinds }: Port): Profile | undefined {
  if (profile !== undefined || kinds === "*") return profile;
  return kinds.some((kind) => LOCAL_KINDS.includes(kind)) ? "inproc_any" : undefined;
}
