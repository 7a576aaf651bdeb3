import * as path from "node:path";
import type { BlobDisk } from "./blobs_disk.ts";
import { BlobError } from "./blobs_error.ts";
import { type BlobName, blobOf, blobPath, sha256Of, shardsIn } from "./blobs_name.ts";
import { type BlobRoom, blocksOf } from "./blobs_room.ts";
import type { OnEvent } from "./guards.ts";

/** Damaged files kept for a person to look at; the oldest of more are removed. */
const MAX_DAMAGED = 64;

export interface BlobFilesOptions {
  folder: string;
  disk: BlobDisk;
  room: BlobRoom;
  onEvent: OnEvent;
}

/** The files of a blob store. Its caller sees to it that one blob is touched by one call at a time. */
export class BlobFiles {
  readonly #folder: string;
  readonly #disk: BlobDisk;
  readonly #room: BlobRoom;
  readonly #onEvent: OnEvent;
  /** Folders whose own name is safe on the disk; at most 256. */
  readonly #shards = new Set<string>();
  #drafts = 0;
  #counting: Promise<void> | undefined;
  blobs = 0;
  damaged = 0;

  constructor({ folder, disk, room, onEvent }: BlobFilesOptions) {
    this.#folder = folder;
    this.#disk = disk;
    this.#room = room;
    this.#onEvent = onEvent;
  }

  pathOf(blob: BlobName): string {
    return path.join(this.#folder, blobPath(blob));
  }

  /** Resolves when it is known what is there. Without that nobody could say what room is left. */
  counted(): Promise<void> {
    this.#counting ??= this.#count().catch((error: Error) => {
      this.#counting = undefined;
      throw error;
    });
    return this.#counting;
  }

  /** By the names alone; what a crash left half-written is removed. */
  async #count() {
    const drafts = path.join(this.#folder, "tmp");
    let bytes = 0;
    let blobs = 0;
    await this.#disk.makeFolder(drafts);
    for (const name of await this.#disk.list(drafts)) await this.#disk.remove(path.join(drafts, name));
    for (const shard of await shardsIn(this.#disk, this.#folder)) {
      for (const name of await this.#disk.list(path.join(this.#folder, shard))) {
        const blob = blobOf(shard, name);
        if (blob === undefined) continue;
        bytes += blocksOf(blob.size);
        blobs += 1;
      }
    }
    this.#room.found(bytes);
    this.blobs += blobs;
  }

  /** True when the file is there with the right bytes, and so is its name; a damaged one is moved away. */
  async confirm(blob: BlobName): Promise<boolean> {
    if ((await this.#disk.stat(this.pathOf(blob))) === undefined) return false;
    if ((await this.#look(blob)) === undefined) return false;
    // A process that was killed before it synced the folder may have left the file and not its name.
    await this.#syncName(blob);
    return true;
  }

  /**
   * Bytes, then name, then the folder the name is in, each on the disk before the next. A row that names the blob is
   * written after that, so no crash leaves a row without its blob.
   */
  async write(blob: BlobName, bytes: Uint8Array) {
    await this.counted();
    this.#drafts += 1;
    const draft = path.join(this.#folder, "tmp", String(this.#drafts));
    await this.#room.take(blob.size);
    try {
      await this.#disk.write(draft, bytes);
      await this.#disk.makeFolder(path.dirname(this.pathOf(blob)));
      await this.#disk.rename(draft, this.pathOf(blob));
    } catch (error) {
      this.#room.give(blob.size);
      await this.#disk.remove(draft).catch(() => {});
      throw error;
    }
    this.blobs += 1;
    await this.#syncName(blob);
  }

  async read(blob: BlobName): Promise<Uint8Array> {
    const file = this.pathOf(blob);
    const bytes = await this.#look(blob);
    if (bytes === undefined) throw new BlobError("BLOB_MISSING", `cannot read blob ${file}: there is no such file`);
    return bytes;
  }

  async remove(blob: BlobName) {
    await this.counted();
    await this.#disk.remove(this.pathOf(blob));
    this.#gone(blob);
  }

  #gone(blob: BlobName) {
    this.#room.give(blob.size);
    this.blobs -= 1;
  }

  /** The bytes when they are right, undefined when there is no file; a damaged one is moved away and thrown about. */
  async #look(blob: BlobName): Promise<Uint8Array | undefined> {
    const file = this.pathOf(blob);
    const bytes = await this.#disk.read(file, blob.size).catch((error: Error) => {
      throw new BlobError("BLOB_UNREADABLE", `cannot read blob ${file}: ${error.message}; look at the disk`, {
        cause: error,
      });
    });
    if (bytes !== undefined) {
      const found = await sha256Of(bytes);
      if (found === blob.sha256) return bytes;
      return this.#setAside(blob, `its sha256 is ${found} and should be ${blob.sha256}`);
    }
    const stats = await this.#disk.stat(file);
    if (stats === undefined) return undefined;
    return this.#setAside(blob, `it has ${stats.size} bytes and should have ${blob.size}, with sha256 ${blob.sha256}`);
  }

  async #setAside(blob: BlobName, fact: string): Promise<never> {
    const file = this.pathOf(blob);
    const folder = path.join(this.#folder, "damaged");
    const aside = path.join(folder, `${blob.sha256}.${blob.size}.corrupt`);
    await this.counted();
    await this.#disk.makeFolder(folder);
    await this.#disk.rename(file, aside);
    this.#gone(blob);
    this.damaged += 1;
    const message = `blob ${file} is damaged: ${fact}; it was moved to ${aside}`;
    this.#onEvent("error", "a blob is damaged", { file, movedTo: aside, fact });
    for (const old of (await this.#byAge(folder)).slice(MAX_DAMAGED)) await this.#disk.remove(old);
    throw new BlobError("BLOB_DAMAGED", message);
  }

  /** Newest first. */
  async #byAge(folder: string): Promise<string[]> {
    const files: { file: string; mtimeMs: number }[] = [];
    for (const name of await this.#disk.list(folder)) {
      const file = path.join(folder, name);
      files.push({ file, mtimeMs: (await this.#disk.stat(file))?.mtimeMs ?? 0 });
    }
    return files.sort((a, b) => b.mtimeMs - a.mtimeMs).map(({ file }) => file);
  }

  async #syncName(blob: BlobName) {
    const shard = path.dirname(this.pathOf(blob));
    await this.#disk.syncFolder(shard);
    if (this.#shards.has(shard)) return;
    await this.#disk.syncFolder(this.#folder);
    this.#shards.add(shard);
  }
}
