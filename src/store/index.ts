export { bareFile } from "./bare_file.ts";
export { BLOB_DEFAULTS, type BlobStats, BlobStore, type BlobStoreOptions } from "./blobs.ts";
export { type BlobDisk, realDisk } from "./blobs_disk.ts";
export { type BlobCode, BlobError } from "./blobs_error.ts";
export { sha256Of } from "./blobs_name.ts";
export * from "./bounds.ts";
export * from "./checkpoint.ts";
export { openCheckpoints, openCheckpointsInline } from "./checkpoint_client.ts";
export type { CheckpointFileOptions } from "./checkpoint_file.ts";
export { ConfinedFiles } from "./confined_files.ts";
export { moveAside } from "./damage.ts";
export {
  bytesAbove,
  type EntryCodec,
  entryCodec,
  MAX_ENTRY_BYTES,
  MAX_KEY_BYTES,
  predecessorCodec,
  type QueueEntry,
} from "./entry.ts";
export { type StoreCode, StoreError } from "./error.ts";
export type { Durability, OnEvent } from "./guards.ts";
export { type MortalQueue, openInline, openMortal } from "./inline_queue.ts";
export { type FileState, type Inspected, inspectQueueFile } from "./inspect.ts";
export { type LookupCode, LookupError, LookupFile, type LookupRow } from "./lookup_file.ts";
export type { QueueFileOptions } from "./open_options.ts";
export { type RefBlobs, restore, restored, type SpilledPacket, spill } from "./payload_ref.ts";
export type { PredecessorQueue } from "./predecessor_queue.ts";
export { type PreflightOptions, preflight } from "./preflight.ts";
export * from "./queue.ts";
export { openPredecessorQueue, openQueue, realPath } from "./queue_file.ts";
export { type Run, runsOf } from "./runs.ts";
export { type SalvageBatch, type SalvageReport, salvage } from "./salvage.ts";
export { type PackedState, packState, sizeOfState } from "./state_codec.ts";
export { dropState, readStateFile } from "./state_file.ts";
export { refuseNewerState } from "./state_version.ts";
