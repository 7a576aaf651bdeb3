import type { CodeText } from "../graph/index.ts";
import type { BlobCode } from "../store/index.ts";

/** Codes of the blob store and of references: they stand in the reason of a packet that failed or waits. */
export const BLOB_CODES: Readonly<Record<BlobCode, CodeText>> = {
  BLOB_FULL: {
    title: "The blob store takes nothing at the moment",
    cause: "Its files have reached their bound, or the disk its min_free. Packets wait meanwhile, and nothing is lost.",
    fix: "See why the queues do not drain: schnitzel queue ls. Purge dead letters, or make room on the disk.",
  },
  BLOB_UNWRITABLE: {
    title: "A blob cannot be written",
    cause: "The disk is read-only or failing. No row names what was being written.",
    fix: "Look at the disk; the packet is tried again by itself.",
  },
  BLOB_TOO_LARGE: {
    title: "A payload is larger than a blob may be",
    cause: "A blob is in memory as a whole when it is written or read, so it has a bound of 256 MiB.",
    fix: "Make the payload smaller upstream, or pass a reference to a file.",
  },
  BLOB_MISSING: {
    title: "The bytes a packet refers to are not there",
    cause: "The file was removed: by hand, with its state directory, or because no row named it for 10 minutes.",
    fix: "Keep the packet on a durable edge for as long as its bytes are needed; nothing brings this one's back.",
  },
  BLOB_DAMAGED: {
    title: "The bytes of a blob are not those that were stored",
    cause: "Its size or sha256 is wrong: the disk changed it. It was moved to damaged/ in the folder of the blobs.",
    fix: "Check the disk; an SD card that does this is worn out. The packet is a dead letter, its bytes are lost.",
  },
  BLOB_UNREADABLE: {
    title: "A blob cannot be read",
    cause: "The disk failed, or the file's rights were changed.",
    fix: "Look at the disk and at who may read the state directory; the packet is tried again.",
  },
  BLOB_REF: {
    title: "A reference or a payload does not fit the blob store",
    cause:
      "A reference leads out of its folder or says no sha256 and size, or a payload has bytes where one reference cannot stand for them.",
    fix: "The message names the path or the field; send several fields of bytes as packets of their own.",
  },
};
