/**
 * Why a run does not start under BUN_OPTIONS, or undefined. Bun obeys it before any code of ours runs (`--preload=FILE`
 * runs that file in this process), so what it did is done: the refusal makes it seen. BUN_BE_BUN comes even earlier,
 * and turns the program into Bun itself; only a clean environment helps against it.
 */
export function refuseBunOptions(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const options = env.BUN_OPTIONS;
  if (options === undefined || options.trim() === "") return undefined;
  return `will not run with BUN_OPTIONS set: it makes Bun run other code in this process, and it is ${JSON.stringify(options)}; unset it, and start from a clean environment (UnsetEnvironment=BUN_OPTIONS BUN_BE_BUN in a service)`;
}
