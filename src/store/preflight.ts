import * as fs from "node:fs";
import * as path from "node:path";
import { diskKind, freeBytes } from "./disk_kind.ts";
import { StoreError } from "./error.ts";
import { makeDurableFolder, syncFile, syncFolder } from "./folder.ts";
import { foreign } from "./foreign.ts";
import type { OnEvent } from "./guards.ts";

export interface PreflightOptions {
  onEvent: OnEvent;
  /** Go on, and say so, where a queue cannot keep its promise. */
  dangerouslyAllowNetworkDisk: boolean;
  /** Free bytes without which nothing is taken; fewer are a warning, since what waits in the folder can still leave. */
  needBytes?: number;
}

/**
 * Whether `folder` is a place for a queue: there or made, on a disk of this machine, and a file written there is on the
 * disk after fsync, under its new name. Throws with the path, the owner and the way out.
 */
export function preflight(folder: string, options: PreflightOptions) {
  attempt(folder, "make", () => makeDurableFolder(folder));
  checkDisk(folder, options);
  try {
    attempt(folder, "write in", () => probe(folder));
  } catch (error) {
    if (!/^(ENOSPC|EDQUOT)$/.test(causeCode(error))) throw error;
    warn(options, folder, "has no room for a file of 512 bytes: what waits there can leave, and nothing is taken");
    return;
  }
  const free = freeBytes(folder);
  const { needBytes = 0 } = options;
  if (free >= needBytes) return;
  warn(options, folder, `has ${free} bytes free, and ${needBytes} are asked for: nothing is taken there`, {
    free,
  });
}

const warn = ({ onEvent }: PreflightOptions, folder: string, message: string, fields = {}) =>
  onEvent("warn", `folder ${folder} ${message}`, { folder, ...fields });

function checkDisk(folder: string, options: PreflightOptions) {
  const { kind, name } = diskKind(folder);
  if (kind === "memory") {
    return warn(
      options,
      folder,
      `lies in memory (${name}): what is queued there is gone after a restart of the machine`,
    );
  }
  if (kind !== "network") return;
  if (options.dangerouslyAllowNetworkDisk) {
    return warn(options, folder, `lies on a network disk (${name}): what is queued there may be lost or damaged`);
  }
  throw new StoreError(
    "QUEUE_NETWORK_DISK",
    `cannot keep a queue in ${folder}: it lies on a network disk (${name}), where locks and fsync do not hold what a queue promises; name a folder on a disk of this machine, or pass --dangerously-allow-network-disk`,
  );
}

/** What the store does with every file: written, on the disk, renamed, and the name on the disk. */
function probe(folder: string) {
  const file = path.join(folder, `.schnitzel-probe-${process.pid}`);
  try {
    fs.writeFileSync(file, Buffer.alloc(512, 1), { mode: 0o600 });
    syncFile(file);
    fs.renameSync(file, `${file}-renamed`);
    syncFolder(folder);
  } finally {
    for (const left of [file, `${file}-renamed`]) {
      // On a disk that takes no writes there is nothing to remove, and the error that says so is on its way.
      if (fs.existsSync(left)) fs.rmSync(left, { force: true });
    }
  }
}

function attempt(folder: string, what: string, run: () => void) {
  try {
    run();
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new StoreError("QUEUE_UNOPENABLE", `cannot ${what} folder ${folder}: ${message}; ${wayOut(folder, code)}`, {
      cause: error,
    });
  }
}

const causeCode = (error: unknown) => ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code ?? "";

function wayOut(folder: string, code: string): string {
  if (code === "EROFS") return "its disk is read-only: mount it writable, or name another folder";
  if (code === "ENOSPC" || code === "EDQUOT") return "make room on its disk";
  if (code === "ENOTDIR" || code === "EEXIST") return "a file is in its place: remove it, or name another folder";
  if (code !== "EACCES" && code !== "EPERM") return "look at its disk, or name another folder";
  return foreign(folder);
}
