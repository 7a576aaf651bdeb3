/** One picture of a clip: its NAL units without start codes. */
export type AccessUnit = readonly Uint8Array[];

export type Codec = "h264" | "h265";

/** NAL unit type of an access unit delimiter, which must begin each picture of a clip. */
const DELIMITER = { h264: 9, h265: 35 } as const;

export const nalType = (codec: Codec, nal: Uint8Array): number =>
  codec === "h264" ? nal[0]! & 0x1f : (nal[0]! >> 1) & 0x3f;

/** Pictures of an Annex-B clip; throws when it has no delimiters to tell them apart. */
export function accessUnits(codec: Codec, clip: Uint8Array): AccessUnit[] {
  const units: Uint8Array[][] = [];
  for (const nal of nalUnits(clip)) {
    if (nalType(codec, nal) === DELIMITER[codec]) units.push([]);
    else if (units.length === 0) throw new Error("the clip does not begin with an access unit delimiter");
    else units.at(-1)!.push(nal);
  }
  if (units.length === 0) throw new Error("the clip has no pictures");
  return units;
}

function nalUnits(clip: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  let from = -1;
  for (let at = 0; at + 2 < clip.length; at++) {
    if (clip[at] !== 0 || clip[at + 1] !== 0 || clip[at + 2] !== 1) continue;
    if (from >= 0) found.push(trimmed(clip.subarray(from, at)));
    from = at + 3;
    at += 2;
  }
  if (from >= 0) found.push(clip.subarray(from));
  return found.filter(({ length }) => length > 0);
}

/** Without the zeros of the next start code. */
function trimmed(nal: Uint8Array): Uint8Array {
  let end = nal.length;
  while (end > 0 && nal[end - 1] === 0) end -= 1;
  return nal.subarray(0, end);
}
