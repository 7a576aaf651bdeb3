import { type AccessUnit, type Codec, nalType } from "./access_units.ts";

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

/** NAL unit types of parameter sets. */
const PARAMETERS = { h264: [7, 8], h265: [32, 33, 34] } as const;

/** Says what the streams of a clip are. */
export function sdp(codec: Codec, units: readonly AccessUnit[], fps: number, audio: boolean): string {
  const sets = PARAMETERS[codec].map((type) => units.flat().find((nal) => nalType(codec, nal) === type));
  if (sets.includes(undefined)) throw new Error(`the clip lacks a parameter set of ${codec}`);
  const found = sets as Uint8Array[];
  const video = codec === "h264" ? h264(found) : h265(found);
  return [
    ...["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=clip", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*"],
    ...["m=video 0 RTP/AVP 96", ...video, `a=framerate:${fps}`, "a=control:trackID=0"],
    ...(audio ? ["m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=control:trackID=1"] : []),
    "",
  ].join("\r\n");
}

const h264 = (sets: Uint8Array[]) => [
  "a=rtpmap:96 H264/90000",
  `a=fmtp:96 packetization-mode=1;profile-level-id=${Buffer.from(sets[0]!.subarray(1, 4)).toString("hex")};` +
    `sprop-parameter-sets=${sets.map(base64).join(",")}`,
];

const h265 = (sets: Uint8Array[]) => [
  "a=rtpmap:96 H265/90000",
  `a=fmtp:96 sprop-vps=${base64(sets[0]!)};sprop-sps=${base64(sets[1]!)};sprop-pps=${base64(sets[2]!)}`,
];
