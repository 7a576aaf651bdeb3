/** Why a camera gives no pictures. */
export type FaultKind =
  | "password"
  | "path"
  | "refused"
  | "unreachable"
  | "name"
  | "silent"
  | "not_rtsp"
  | "transport"
  | "no_stream"
  | "codec"
  | "busy"
  | "missing"
  | "permission"
  | "tls"
  | "disk"
  | "crashed"
  | "ended"
  | "stalled"
  | "frozen"
  | "other";

export interface Fault {
  readonly kind: FaultKind;
  /** One sentence, without secrets. */
  readonly text: string;
  readonly hint: string;
}

const HINTS: Readonly<Record<FaultKind, string>> = {
  password: "check user and password, and that the camera has not locked the account after too many wrong ones",
  path: "check the path behind the host: docs/cameras.md has those of common cameras",
  refused: "check the port, and that the stream is switched on in the camera's settings",
  unreachable: "check the camera's power and network, and that this machine is in the same network",
  name: "check the host name, or write the camera's IP address",
  silent: "something takes the connection and says nothing: restart the camera, or look for a firewall in between",
  not_rtsp: "the port belongs to another service: RTSP usually has 554 or 8554",
  transport: "set transport to the other one of tcp and udp",
  no_stream: "no pictures came that can be decoded: look with `schnitzel doctor camera`",
  codec: "this ffmpeg cannot decode what the camera sends: set the camera to H.264, or install a full ffmpeg",
  busy: "another program, or another node, has the device: stop it",
  missing: "plug the device in, or name the right one (Linux: v4l2-ctl --list-devices)",
  permission: "let this user open the device (Linux: usermod -aG video USER, then log in again)",
  tls: "this ffmpeg has no TLS: install one that has, and name it by SCHNITZEL_FFMPEG",
  disk: "make room on the disk: the recording goes on by itself then",
  crashed: "ffmpeg broke down; another version may not: schnitzel doctor says which one this is",
  ended: "the camera, or what stands between, closed the stream",
  stalled: "the connection is open and brings no pictures: the camera hangs, or the network loses packets",
  frozen: "the camera sends the same picture again and again: restart it if that goes on",
  other: "look at the message of ffmpeg",
};

/** Tried in this order: the reason that a person can do something about stands before its consequences. */
const PATTERNS: readonly (readonly [FaultKind, RegExp])[] = [
  ["disk", /No space left on device|Disk quota exceeded|the disk has \d+ bytes left/],
  ["password", /\b40[13]\b.{0,40}(?:Unauthorized|Forbidden)|authorization failed|access denied/i],
  ["path", /\b404 Not Found|Stream not found|\b400 Bad Request/i],
  ["transport", /\b461\b|Nonmatching transport|Unsupported Transport/i],
  ["name", /Failed to resolve hostname|Name or service not known|Temporary failure in name resolution/i],
  ["refused", /Connection refused|: No such process$/im],
  ["unreachable", /No route to host|Network is unreachable|Host is (?:down|unreachable)/i],
  ["tls", /Protocol not found/i],
  ["busy", /Device or resource busy|already in use/i],
  ["permission", /Permission denied/i],
  ["missing", /Cannot open video device|No such file or directory|No such device|Could not find video device/i],
  ["codec", /Unknown decoder|Decoder (?:\([^)]*\) )?not found|Decoding requested, but no decoder|no decoder found/i],
  ["silent", /timed out|ETIMEDOUT/i],
  ["no_stream", /Could not find codec parameters|does not contain any stream|matches no streams|unspecified size/i],
];

/** What one try has left behind. */
export interface Remains {
  /** Why there are no more pictures; undefined when ffmpeg's output simply ended. */
  readonly error: string | undefined;
  /** What ffmpeg complained about, newest last. */
  readonly complaints: readonly string[];
  readonly ranMs: number;
  /** It had given a picture. */
  readonly streamed: boolean;
  /** After this long without an answer ffmpeg was to end by itself. */
  readonly timeoutMs: number;
}

export const fault = (kind: FaultKind, text: string): Fault => ({ kind, text, hint: HINTS[kind] });

export function faultOf(remains: Remains): Fault {
  const { error, complaints, streamed } = remains;
  const when = streamed ? "in the middle of the stream" : "before the first picture";
  const telling = complaints.findLast((line) => meaning(line) !== undefined);
  // In the middle of a stream the last complaint is about some picture of before.
  const said = telling ?? (streamed ? error : (complaints.at(-1) ?? error));
  const words = said === undefined || NO_WORDS.test(said) ? `ffmpeg ended ${when}` : said;
  return fault(kindOf(remains), words.trim().slice(0, MAX_WORDS));
}

/** The decoder's own words for an ffmpeg that ended well and gave no picture. */
const NO_WORDS = /^cannot decode .*there is no picture in it/;
/** A line of a log is to stay one. */
const MAX_WORDS = 300;

const meaning = (words: string) => PATTERNS.find(([, pattern]) => pattern.test(words))?.[0];

function kindOf({ error = "", complaints, ranMs, streamed, timeoutMs }: Remains): FaultKind {
  const words = [...complaints, error].join("\n");
  const found = meaning(words);
  // What it said while it ran, such as of a lost packet, is not why it ended.
  if (found === "disk" || (found !== undefined && !streamed)) return found;
  if (/\bSIG(?!TERM|INT)[A-Z]{2,6}\b/.test(error)) return "crashed";
  if (streamed || words === "" || NO_WORDS.test(words)) return "ended";
  if (!/Invalid data found|Protocol error|End of file/i.test(words)) return "other";
  // ffmpeg says "invalid data" also when nothing came at all.
  return ranMs >= timeoutMs * 0.8 ? "silent" : "not_rtsp";
}
