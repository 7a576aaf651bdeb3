import type { FfmpegMachine } from "../../media/index.ts";
import type { Check } from "./checks.ts";

/** What graphs with cameras, files and microphones ask of ffmpeg, beside decoding a file. */
const WISHES = [
  { what: "protocol", name: "tls", gives: "rtsps and https" },
  { what: "device", name: "v4l2", gives: "webcams" },
  { what: "device", name: "alsa", gives: "microphones through ALSA" },
] as const;

/** Which ffmpeg a run would take, and why that one; or every place that was looked at. */
export async function ffmpegCheck(env: FfmpegMachine["env"]): Promise<Check> {
  // Loaded here: no other command needs it before a node asks.
  const { HOW_TO_GET_FFMPEG, searchFfmpeg, thisMachine } = await import("../../media/index.ts");
  const { found, passedOver, only } = await searchFfmpeg({ ...thisMachine(), env });
  const places = passedOver.map(({ place, reason }) => `${place}: ${reason}`).join("; ");
  if (found === undefined) {
    const detail = `none works (${places}); graphs without video or sound do not need it`;
    const hint = only ? "correct SCHNITZEL_FFMPEG, or unset it" : HOW_TO_GET_FFMPEG;
    return { name: "ffmpeg", status: only ? "fault" : "warning", detail, hint };
  }
  const { major, minor } = found.version;
  const lacks = WISHES.filter(({ what, name }) => !found.can(what, name)).map(({ gives }) => gives);
  const without = lacks.length === 0 ? "" : `, without ${lacks.join(", ")}`;
  const before = places === "" ? "" : `; before it: ${places}`;
  return {
    name: "ffmpeg",
    status: "ok",
    detail: `${major}.${minor}${without}: ${found.file} (${found.from})${before}`,
  };
}
