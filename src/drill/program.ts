/** A program of the system that did not do what was asked. */
export class ProgramFailed extends Error {
  override readonly name = "ProgramFailed";
}

/** Why 60 s: mount, umount and mkfs of a small file take milliseconds; one that hangs must not hold the drill. */
const LIMIT_MS = 60_000;

/** A user's PATH often leaves out where mkfs and losetup are. */
export const withSbin = (path = "") => `${path}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Runs a program of the system to its end and gives its output; explicit arguments, never a shell. */
export async function program(command: readonly string[]): Promise<string> {
  const [name, ...args] = command as [string, ...string[]];
  const child = Bun.spawn([Bun.which(name, { PATH: withSbin(process.env.PATH) }) ?? name, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code === 0) return out;
  const end = child.signalCode === null ? `code ${code}` : `signal ${child.signalCode}`;
  throw new ProgramFailed(`\`${command.join(" ")}\` ended with ${end}: ${err.trim() || out.trim() || "no output"}`);
}
