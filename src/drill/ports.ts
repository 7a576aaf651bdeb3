import type { Random } from "../base/random.ts";

/**
 * Below every system's range for outgoing connections (Linux begins at 32768): a client that tries a port of that
 * range again and again while nobody listens may be given the same port, and then talks to itself.
 */
const [FIRST, LAST] = [20_000, 32_000];
/** With a hundred ports in use one try in a hundred fails. */
const TRIES = 100;

/** `count` different ports of loopback that nobody listens on at the moment. */
export function freePorts(count: number, random: Random): number[] {
  const found = new Set<number>();
  for (let tries = 0; found.size < count && tries < TRIES; tries++) {
    const port = FIRST + (random.uint32() % (LAST - FIRST));
    if (isFree(port)) found.add(port);
  }
  if (found.size < count) throw new Error(`Cannot find ${count} free ports from ${FIRST} to ${LAST} in ${TRIES} tries`);
  return [...found];
}

function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, socket: { data: () => {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}
