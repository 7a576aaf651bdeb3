/**
 * How far a payload can travel.
 * - `inproc_any`: stays in this process, such as a frame in shared memory
 * - `json_portable`: survives JSON
 * - `ref_portable`: carries `payload.ref` to bytes kept elsewhere
 */
export type Profile = "inproc_any" | "json_portable" | "ref_portable";

export const PROFILES: readonly Profile[] = ["inproc_any", "json_portable", "ref_portable"];

const ALLOWED: Record<Profile, readonly Profile[]> = {
  inproc_any: ["inproc_any"],
  json_portable: ["inproc_any", "json_portable"],
  ref_portable: ["inproc_any", "json_portable", "ref_portable"],
};

/** True when a payload made under `made` may enter a port that wants `wanted`. Undeclared passes. */
export function profileFits(made: Profile | undefined, wanted: Profile | undefined): boolean {
  return made === undefined || wanted === undefined || ALLOWED[made].includes(wanted);
}

/** Kinds whose payload is process-local unless a port says otherwise. */
export const LOCAL_KINDS: readonly string[] = ["frame", "audio", "bytes"];
