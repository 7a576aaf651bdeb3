import type { Draft } from "../draft.ts";
import type { Findings } from "../findings.ts";
import { followKinds } from "../follow_kinds.ts";
import { badId } from "./bad_id.ts";
import { cells } from "./cells.ts";
import { cycleSettings } from "./cycle_settings.ts";
import { cycleWithoutDelay } from "./cycle_without_delay.ts";
import { duplicateEdge } from "./duplicate_edge.ts";
import { duplicateId } from "./duplicate_id.ts";
import { durableAdvised } from "./durable_advised.ts";
import { durableNotPortable } from "./durable_not_portable.ts";
import { durableShared } from "./durable_shared.ts";
import { edgeIntoSource } from "./edge_into_source.ts";
import { edgeOutOfSink } from "./edge_out_of_sink.ts";
import { exposedPort } from "./exposed_port.ts";
import { inputNotConnected } from "./input_not_connected.ts";
import { kindMismatch } from "./kind_mismatch.ts";
import { kindsDoNotMeet } from "./kinds_do_not_meet.ts";
import { noSource } from "./no_source.ts";
import { payloadRefUnused } from "./payload_ref_unused.ts";
import { profileMismatch } from "./profile_mismatch.ts";
import type { Rule } from "./rule.ts";
import { runtimeUnused } from "./runtime_unused.ts";
import { sharedThing } from "./shared_thing.ts";
import { unknownNode } from "./unknown_node.ts";
import { unknownPort } from "./unknown_port.ts";
import { unreachableNode } from "./unreachable_node.ts";

/** Every check of a whole graph, in the order a person would look. */
export const RULES: readonly Rule[] = [
  badId,
  duplicateId,
  kindMismatch,
  runtimeUnused,
  unknownNode,
  edgeIntoSource,
  edgeOutOfSink,
  cycleWithoutDelay,
  cycleSettings,
  noSource,
  inputNotConnected,
  unreachableNode,
  duplicateEdge,
  unknownPort,
  exposedPort,
  kindsDoNotMeet,
  profileMismatch,
  sharedThing,
  cells,
  durableNotPortable,
  durableShared,
  payloadRefUnused,
  durableAdvised,
];

/** Runs every rule; all findings of all rules are collected. */
export function runRules(draft: Draft, findings: Findings): void {
  const followed = followKinds(draft);
  for (const rule of RULES) rule(followed, (finding) => findings.add({ severity: "error", ...finding }));
}
