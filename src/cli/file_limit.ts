import { dlopen, ptr } from "bun:ffi";

/**
 * Open files a run asks for. Each socket is one, and each queue some; at the limit Bun ends the process, without a word,
 * when it starts a worker or a first request.
 */
export const MIN_OPEN_FILES = 4_096;

export interface FileLimit {
  /** What holds now. */
  soft: number;
  hard: number;
  /** What held before, if it was raised. */
  raisedFrom?: number;
  /** Fewer than {@link MIN_OPEN_FILES}, as a sentence with the way out. */
  warning?: string;
}

/** By the system's name for its C library; musl puts the architecture into it. */
const LIBRARIES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1", "libSystem.B.dylib"];

const SYMBOLS = {
  getrlimit: { args: ["i32", "ptr"], returns: "i32" },
  setrlimit: { args: ["i32", "ptr"], returns: "i32" },
} as const;

/** RLIMIT_NOFILE. */
const RESOURCE = process.platform === "darwin" ? 8 : 7;

/** Raises the number of files this process may have open to `least`, or as near as it may. Undefined: not known here. */
export function raiseFileLimit(least = MIN_OPEN_FILES): FileLimit | undefined {
  const libc = libraryOf();
  if (libc === undefined) return undefined;
  // struct rlimit: soft, hard.
  const limits = new BigUint64Array(2);
  if (libc.getrlimit(RESOURCE, ptr(limits)) !== 0) return undefined;
  const before = count(limits[0]!);
  const hard = count(limits[1]!);
  if (before >= least) return { soft: before, hard };
  limits[0] = BigInt(Math.min(least, hard));
  const soft = libc.setrlimit(RESOURCE, ptr(limits)) === 0 ? Number(limits[0]) : before;
  const raised = soft > before ? { raisedFrom: before } : {};
  return { soft, hard, ...raised, ...(soft < least ? { warning: tooFew(soft, hard, least) } : {}) };
}

function tooFew(soft: number, hard: number, least: number): string {
  return `this process may have ${soft} files open, and ${least} are asked for: at the limit connections fail and it may end; raise the hard limit, which is ${hard} (ulimit -Hn, or LimitNOFILE= of its service)`;
}

/** RLIM_INFINITY is the largest number. */
const count = (limit: bigint) => (limit > 0xffff_ffffn ? Number.POSITIVE_INFINITY : Number(limit));

function libraryOf() {
  if (process.platform === "win32") return undefined;
  for (const name of LIBRARIES) {
    try {
      return dlopen(name, SYMBOLS).symbols;
    } catch {
      // Another system's name.
    }
  }
  return undefined;
}
