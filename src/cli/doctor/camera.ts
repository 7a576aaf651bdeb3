import { cameraAddress } from "../../media/index.ts";
import { columns } from "../columns.ts";
import { defineCommand, flag, UsageError } from "../command/index.ts";
import { counted } from "../counted.ts";
import { EXIT } from "../exit.ts";
import { cameraChecks } from "./camera_checks.ts";
import { lookAtCamera } from "./camera_look.ts";
import type { Check } from "./checks.ts";

const SCHEMES = ["rtsp", "rtsps", "http", "https"];
/** Long enough for three key frames of most cameras. */
const DEFAULT_SECONDS = 5;

export const command = defineCommand({
  doc: "Connects, decodes some seconds, and tells codec, size, rate, distance of key frames, sound and transport, or what stands in the way and what to do. Nothing at the camera is changed, and the password is not shown.",
  args: [{ name: "URL", doc: "rtsp://USER:PASSWORD@HOST/PATH, or http:// of an MJPEG or HLS stream." }],
  flags: {
    user: flag.text("NAME", "User, unless it stands in URL."),
    "password-file": flag.text("FILE", "File with the password, unless it stands in URL."),
    transport: flag.choice(["tcp", "udp"], "How RTSP pictures travel; tcp unless given. The other one is tried too."),
    seconds: flag.amount("S", `Time to look at the pictures; ${DEFAULT_SECONDS} unless given.`),
    json: flag.toggle("Print the checks as JSON."),
  },
  examples: [
    ["schnitzel doctor camera rtsp://192.168.1.20:554/stream1", "A camera without a password."],
    [
      "schnitzel doctor camera rtsp://192.168.1.20/stream1 --user admin --password-file yard.txt --json",
      "The password stays out of the list of processes until ffmpeg gets it.",
    ],
  ],
  exits: { [EXIT.ok]: "Pictures came; there may be warnings.", [EXIT.precondition]: "A fault was found." },
  async run({ args: [url], flags, terminal }) {
    const address = read(url!, { user: flags.user, password: await password(flags["password-file"]) });
    const { transport = "tcp", seconds = DEFAULT_SECONDS } = flags;
    const checks = cameraChecks(await lookAtCamera(address, { transport, lookMs: seconds * 1_000 }));
    const ok = checks.every(({ status }) => status !== "fault");
    const camera = address.shown;
    terminal.out(flags.json ? `${JSON.stringify({ schema_version: 1, camera, ok, checks }, null, 2)}\n` : text(checks));
    return ok ? EXIT.ok : EXIT.precondition;
  },
});

function read(url: string, login: Parameters<typeof cameraAddress>[2]) {
  try {
    return cameraAddress(url, SCHEMES, login);
  } catch (error) {
    throw new UsageError((error as Error).message, "schnitzel doctor camera rtsp://192.168.1.20:554/stream1");
  }
}

async function password(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return (await Bun.file(file).text()).trim();
  } catch (error) {
    throw new UsageError(`--password-file ${file} cannot be read: ${(error as Error).message}`);
  }
}

function text(checks: readonly Check[]): string {
  const rows = checks.map(({ name, status, detail }) => [status, name, detail]);
  const hints = checks.flatMap(({ name, hint }) => (hint === undefined ? [] : [`  ${name}: ${hint}`]));
  const count = (status: Check["status"]) => counted(checks.filter((check) => check.status === status).length, status);
  return [columns(rows), ...hints, `${count("fault")}, ${count("warning")}`, ""].join("\n");
}
