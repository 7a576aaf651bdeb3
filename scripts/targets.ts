/** A platform that gets a release archive. */
export interface Target {
  /** Name in archives and on the command line: `linux-x64`, `linux-arm64-musl`, `windows-x64`. */
  readonly name: string;
  /** File name of the executable inside the archive. */
  readonly executable: "schnitzel" | "schnitzel.exe";
}

const unix = (name: string): Target => ({ name, executable: "schnitzel" });
const windows = (name: string): Target => ({ name, executable: "schnitzel.exe" });

/** `docs/support-matrix.md` says which of these the tests run and which they only build. */
export const TARGETS: readonly Target[] = [
  unix("linux-x64"),
  unix("linux-x64-musl"),
  unix("linux-arm64"),
  unix("linux-arm64-musl"),
  unix("darwin-x64"),
  unix("darwin-arm64"),
  windows("windows-x64"),
  windows("windows-arm64"),
];

/** The target this machine runs; throws on a platform that has none. */
export function hostTarget(): Target {
  const os = process.platform === "win32" ? "windows" : process.platform;
  const libc = process.platform === "linux" && isMusl() ? "-musl" : "";
  return targetNamed(`${os}-${process.arch}${libc}`);
}

export function targetNamed(name: string): Target {
  const target = TARGETS.find((candidate) => candidate.name === name);
  if (target === undefined) {
    const known = TARGETS.map((candidate) => candidate.name).join(", ");
    throw new Error(`Cannot build for "${name}": not a known target. Known are ${known}`);
  }
  return target;
}

/** A glibc system has its version in the process report; musl has none. */
function isMusl(): boolean {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime === undefined;
}
