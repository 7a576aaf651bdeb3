/** A program of the system that did not do what was asked. */
export class ProgramFailed extends Error {
  override readonly name = "ProgramFailed";
}

/** Why 60 s: mount, umount and mkfs of a small file take milliseconds; one that hangs must not hold the drill. */
const LIMIT_MS = 60_000;

/** Runs a program of the system to its end and gives its output; explicit arguments, never a shell. */
export async function program(command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code === 0) return out;
  const end = child.signalCode === null ? `code ${code}` : `signal ${child.signalCode}`;
  throw new ProgramFailed(`\`${command.join(" ")}\` ended with ${end}: ${err.trim() || out.trim() || "no output"}`);
}
