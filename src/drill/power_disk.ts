import { dlopen, FFIType, ptr } from "bun:ffi";
import * as fs from "node:fs";
import * as path from "node:path";
import { unmount } from "./mounts.ts";
import { program } from "./program.ts";

/** Of linux/ext4.h: stops a mounted file system as if its power were cut. */
const FS_IOC_SHUTDOWN = 0x8004587d;
/** Nothing that is still in memory is written any more, the journal included. */
const NO_LOG_FLUSH = 2;
/** Sparse: it takes what is written to it. Ballast, reserve and queue of a graph fit in with room to spare. */
const IMAGE_BYTES = 1024 * 1024 * 1024;

/**
 * An ext4 file system in a file, whose power can be cut.
 *
 * `cut` drops what was not synced, as the kernel's own crash tests do; mounting again replays the journal. What was
 * handed to the disk counts as written: a drive that lies about its cache is outside of what a program can test.
 */
export class PowerDisk {
  #image: string;
  readonly #point: string;

  private constructor(image: string, point: string) {
    this.#image = image;
    this.#point = point;
  }

  /** Inside a folder of {@link makeFolder}, whose removal also unmounts. */
  static async create(folder: string, bytes = IMAGE_BYTES): Promise<PowerDisk> {
    const disk = new PowerDisk(path.join(folder, "disk.img"), path.join(folder, "disk"));
    fs.writeFileSync(disk.#image, "");
    fs.truncateSync(disk.#image, bytes);
    fs.mkdirSync(disk.#point);
    await program(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1", disk.#image]);
    await disk.mount();
    return disk;
  }

  /** Where it is mounted. */
  get folder(): string {
    return this.#point;
  }

  async mount(): Promise<void> {
    await program(["mount", "-t", "ext4", "-o", "loop", this.#image, this.#point]);
  }

  /**
   * From this call on nothing reaches the disk; every later write and sync fails with EIO.
   *
   * Whoever writes is killed just before, not after: an fsync that is under way at the cut may return success without
   * having written anything (seen in one cut of seven on Linux 6.18). A program that died with the machine cannot tell
   * anybody of it; one that lives on would acknowledge what is lost.
   */
  cut(): void {
    const descriptor = fs.openSync(this.#point, "r");
    try {
      shutDown(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  /** After `cut`, when no process has a file open any more: the machine starts again. */
  async restore(): Promise<void> {
    await unmount(this.#point);
    if (!(await isDetached(this.#image))) await this.#moveOn();
    await this.mount();
  }

  /**
   * Another mount namespace, such as that of a container that was started meanwhile, still has the file system, and
   * would get our mount to have the dead one back. What stands on the disk is copied, and the copy goes on.
   */
  async #moveOn() {
    const copy = `${this.#image}.next`;
    await program(["cp", "--sparse=always", this.#image, copy]);
    fs.rmSync(this.#image);
    this.#image = copy;
  }
}

/** Looks that a loop device is let go of, which happens some milliseconds after the unmount. */
const LOOKS = 25;
const PAUSE_MS = 20;

async function isDetached(image: string): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    if ((await program(["losetup", "--associated", image])).trim() === "") return true;
    await Bun.sleep(PAUSE_MS);
  }
  return false;
}

function shutDown(descriptor: number) {
  const libc = dlopen("libc.so.6", {
    ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  });
  try {
    const flag = new Uint32Array([NO_LOG_FLUSH]);
    if (libc.symbols.ioctl(descriptor, FS_IOC_SHUTDOWN, ptr(flag)) !== 0) {
      throw new Error("Cannot cut the power of the drill's disk as the ioctl FS_IOC_SHUTDOWN was refused");
    }
  } finally {
    libc.close();
  }
}
