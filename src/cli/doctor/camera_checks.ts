import type { Fault } from "../../media/index.ts";
import type { CameraLook, Pictures } from "./camera_look.ts";
import type { Check } from "./checks.ts";

/** A picture that can be decoded, after a loss, waits for the next key frame: more than this is felt. */
const KEYS_FAR_MS = 4_500;
/** Pictures that are missing from the rate that the camera promises. */
const SLOW = 0.8;
/** 1080p: a detector looks at 640 pixels, and more only costs. */
const LARGE_PIXELS = 1_920 * 1_088;

/** Judges what was found at a camera, in the order in which a connection is made. */
export function cameraChecks(look: CameraLook): Check[] {
  const { ffmpeg, pictures } = look;
  return [
    ffmpegCheck(look),
    networkCheck(look),
    ...answerCheck(look),
    ...(pictures === undefined || ffmpeg instanceof Error ? [] : streamChecks(look, pictures)),
  ];
}

const ok = (name: string, detail: string): Check => ({ name, status: "ok", detail });
const isFault = (found: object): found is Fault => "kind" in found;
const faulty = (name: string, { text, hint }: Fault): Check => ({ name, status: "fault", detail: text, hint });

function ffmpegCheck({ ffmpeg, address: { scheme } }: CameraLook): Check {
  if (ffmpeg instanceof Error) return { name: "ffmpeg", status: "fault", detail: ffmpeg.message };
  const needsTls = scheme === "rtsps" || scheme === "https";
  if (needsTls && !ffmpeg.can("protocol", "tls")) {
    const hint = "install one that has (apt install ffmpeg), and name it by SCHNITZEL_FFMPEG";
    return { name: "ffmpeg", status: "fault", detail: `${ffmpeg.file} has no TLS, which ${scheme}:// needs`, hint };
  }
  return ok("ffmpeg", `${ffmpeg.version.text.split(" Copyright")[0]} (${ffmpeg.from})`);
}

function networkCheck({ address: { hostname, port }, connected }: CameraLook): Check {
  if (typeof connected !== "number") return faulty("network", connected);
  return ok("network", `${hostname}:${port} took a connection after ${Math.round(connected)} ms`);
}

function answerCheck({ options }: CameraLook): Check[] {
  if (options === undefined) return [];
  if (/^RTSP\/1\.0/.test(options)) return [ok("rtsp", `answers OPTIONS with ${options}`)];
  const hint = "restart the camera; or the port belongs to another service, as RTSP usually has 554 or 8554";
  const detail = options === "" ? "nothing answers OPTIONS" : "what answers is no RTSP";
  return [{ name: "rtsp", status: "fault", detail, hint }];
}

function streamChecks(look: CameraLook, pictures: Pictures | Fault): Check[] {
  if (isFault(pictures)) return [streamFault(look, pictures)];
  return [
    codecCheck(pictures),
    sizeCheck(pictures),
    rateCheck(pictures),
    ok(
      "first_picture",
      `${(pictures.firstMs / 1_000).toFixed(1)} s after the start of ffmpeg, with its usual long look`,
    ),
    ...keyCheck(look),
    ok("audio", pictures.info.hasAudio ? "yes" : "none"),
    ok("transport", look.transport),
    ...otherCheck(look),
    ...complaintCheck(pictures),
  ];
}

function streamFault({ transport }: CameraLook, found: Fault): Check {
  if (found.kind === "password") return faulty("login", found);
  const check = faulty("stream", found);
  const hint = "packets of UDP do not come through a firewall in between: use transport: tcp";
  return transport === "udp" && NOTHING_CAME.has(found.kind) ? { ...check, hint } : check;
}

const NOTHING_CAME: ReadonlySet<string> = new Set(["silent", "stalled", "no_stream"]);

function codecCheck({ info: { codec = "unknown", source } }: Pictures): Check {
  const detail = `${codec}${source === undefined ? "" : `, ${source.pixelFormat}`}`;
  if (codec !== "hevc") return ok("codec", detail);
  const hint = "H.264 takes about half the CPU here: set the camera's stream, or its sub stream, to it";
  return { name: "codec", status: "warning", detail, hint };
}

function sizeCheck({ info: { width, height } }: Pictures): Check {
  const detail = `${width}x${height}`;
  if (width * height <= LARGE_PIXELS) return ok("size", detail);
  const hint = "detectors look at 640 pixels: use the camera's sub stream, and this one for recording";
  return { name: "size", status: "warning", detail, hint };
}

function rateCheck({ info: { fps }, atMs }: Pictures): Check {
  const measured = rateOf(atMs);
  if (measured === undefined) {
    const hint = "look for longer with --seconds, or raise the camera's rate";
    return { name: "rate", status: "warning", detail: "less than two pictures came while it was looked at", hint };
  }
  const detail = `${measured.toFixed(1)} pictures a second${fps === undefined ? "" : `, ${fps.toFixed(1)} promised`}`;
  if (fps === undefined || measured >= fps * SLOW) return ok("rate", detail);
  const hint = "the network loses pictures, the camera takes fewer in the dark, or this machine is too slow";
  return { name: "rate", status: "warning", detail, hint };
}

function rateOf(atMs: readonly number[]): number | undefined {
  const spanMs = atMs.at(-1)! - atMs[0]!;
  return atMs.length < 2 || spanMs <= 0 ? undefined : ((atMs.length - 1) * 1_000) / spanMs;
}

const FAR_HINT = "set the camera's I-frame interval to 1 or 2 s: after each loss, pictures wait for the next one";

function keyCheck({ keys, lookedForKeysMs }: CameraLook): Check[] {
  if (keys === undefined) return [];
  if (isFault(keys)) return [{ ...faulty("key_frames", keys), status: "warning" }];
  const gaps = keys.atMs.slice(1).map((at, index) => at - keys.atMs[index]!);
  if (gaps.length === 0) {
    const detail = `none in ${lookedForKeysMs / 1_000} s but the first`;
    return [{ name: "key_frames", status: "warning", detail, hint: FAR_HINT }];
  }
  const longest = Math.max(...gaps);
  const detail = `every ${(longest / 1_000).toFixed(1)} s`;
  if (longest <= KEYS_FAR_MS) return [ok("key_frames", detail)];
  return [{ name: "key_frames", status: "warning", detail, hint: FAR_HINT }];
}

function otherCheck({ other, transport }: CameraLook): Check[] {
  if (other === undefined) return [];
  const name = transport === "tcp" ? "udp" : "tcp";
  if (!isFault(other)) return [ok(name, "works too")];
  // What is not used stands in nobody's way.
  const detail = `gives no pictures (${other.text})`;
  return [ok(name, `${detail}; stay with transport: ${transport}`)];
}

function complaintCheck({ complaints }: Pictures): Check[] {
  const told = complaints.filter((line) => !OF_OURS.test(line));
  if (told.length === 0) return [];
  const hint = "single lines at the start are common; many mean lost packets: prefer tcp, a cable, or a lower bit rate";
  return [{ name: "complaints", status: "warning", detail: told.slice(-3).join("; "), hint }];
}

/** About how pictures are handed over here, and about the end that this look puts to it. */
const OF_OURS = /Non-monotonous DTS in output|last picture was cut off/;
