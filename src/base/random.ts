/** A source of randomness that a seed can reproduce. */
export interface Random {
  /** A 32-bit unsigned integer. */
  uint32(): number;
  /** A float in [0, 1) with 32 random bits. */
  float(): number;
}

/**
 * sfc32 by Chris Doty-Humphrey (PractRand): 128 bits of state, passes PractRand and BigCrush.
 * Same seed, same sequence on every platform.
 */
export function seededRandom(seed: number): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed >>> 0;
  let counter = Math.floor(seed / 0x1_0000_0000) >>> 0 || 1;
  const uint32 = () => {
    const result = (a + b + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + result) >>> 0;
    return result;
  };
  // The first outputs still show the seed; 15 rounds is what PractRand's seeding uses.
  for (let round = 0; round < 15; round++) uint32();
  return { uint32, float: () => uint32() / 0x1_0000_0000 };
}

/** A random 53-bit seed from the operating system. */
export function entropySeed(): number {
  const words = crypto.getRandomValues(new Uint32Array(2));
  return (words[0]! & 0x1fffff) * 0x1_0000_0000 + words[1]!;
}
