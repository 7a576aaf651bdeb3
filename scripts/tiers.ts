/** A part of the whole check that can be run alone: `bun run ok unit`. */
export interface Tier {
  readonly name: string;
  /** Seconds it may take on two cores; then it is stopped and counted as failed. */
  readonly share: number;
  /** Commands that pass when they exit with 0, by name. */
  readonly commands?: Readonly<Record<string, readonly string[]>>;
  /** The test files of this tier; each file belongs to the first tier that takes it. */
  readonly takes?: (file: string, text: string) => boolean;
}

const inside = (prefix: string) => (file: string) => file.startsWith(prefix);

/**
 * The shares add up to 44 minutes and 20 seconds. They are what a tier may take before it counts as hung, not what it
 * takes: on two idle cores the faults are done in 9 minutes, the cameras in 3, and all others in 11.
 */
export const TIERS: readonly Tier[] = [
  {
    name: "checks",
    share: 90,
    commands: {
      "format and lint": ["run", "lint"],
      types: ["run", "types"],
      "generated docs are fresh": ["scripts/docs.ts", "--check"],
    },
  },
  { name: "architecture", share: 30, takes: inside("test/architecture") },
  { name: "install", share: 120, takes: inside("test/install/") },
  { name: "arm64", share: 120, takes: inside("test/build/arm64") },
  { name: "build", share: 240, takes: inside("test/build/") },
  // Thousands of seeds, and the bugs that they must see.
  { name: "simulation", share: 200, takes: inside("test/simulation/") },
  { name: "docs", share: 90, takes: inside("test/docs/") },
  // Real faults, as root on Linux: hundreds of kills and thirty power cuts among them.
  { name: "faults", share: 720, takes: inside("test/faults/") },
  // Cameras that are killed, hang and lie, with real ffmpeg and in real time.
  { name: "cameras", share: 300, takes: inside("test/cameras/") },
  // The standalone binary from outside, as a person uses it.
  { name: "binary", share: 450, takes: (_, text) => text.includes("support/binary.ts") },
  { name: "unit", share: 300, takes: () => true },
];
