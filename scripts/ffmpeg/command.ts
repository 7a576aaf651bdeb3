/** Runs a command to its end; throws with `what` and the end of what it printed. */
export async function command(
  argv: readonly string[],
  cwd: string,
  what: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = Bun.spawn([...argv], {
    cwd,
    // In English, and without flags that a person has set for other builds.
    env: { PATH: process.env.PATH ?? "", HOME: cwd, LC_ALL: "C", TZ: "UTC", ...proxies(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code === 0) return out;
  const last = `${out}\n${err}`.trim().split("\n").slice(-12).join("\n");
  throw new Error(`${what}: ${argv[0]} exited with ${code}: ${last}`);
}

/** How the machine reaches the outside. */
function proxies(): Record<string, string> {
  const names = Object.keys(process.env).filter((name) => /^(https?|no|ftp|all)_proxy$/i.test(name));
  return Object.fromEntries(names.map((name) => [name, process.env[name]!]));
}
