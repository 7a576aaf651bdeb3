import { ControlError } from "../control/index.ts";
import { inspectQueueFile, StoreError } from "../store/index.ts";
import type { QueueFile } from "./queue_target.ts";

/** A queue whose file stands in its place and is not what it was. */
export interface LostQueue extends QueueFile {
  /** `foreign` is what a file looks like whose first page is gone. */
  state: "damaged" | "foreign";
  reason: string;
}

/** The queue, when its file is damaged; nothing when it can be opened, or cannot for another reason. */
export function lostQueue({ name, file }: QueueFile): LostQueue[] {
  const { state, reason = "" } = inspectQueueFile(file);
  return state === "damaged" || state === "foreign" ? [{ name, file, state, reason: reason.replace(/\s+/g, " ") }] : [];
}

/** Looked at first, as opening changes what it meets: a damaged file would be moved aside, which is for its owner to decide. */
export function refuseUnsound(file: string) {
  const { state, reason = "" } = inspectQueueFile(file);
  const told = reason.replace(/\s+/g, " ");
  if (state === "damaged") {
    const hint = `schnitzel queue repair ${file} saves what can be read`;
    throw new ControlError("QUEUE_DAMAGED", `queue ${file} is damaged (${told}): nothing was changed; ${hint}`);
  }
  if (state === "foreign") {
    const hint = `the rows of one of the predecessor are copied with schnitzel queue repair ${file} --into NEW.sqlite3`;
    throw new StoreError("QUEUE_FOREIGN", `cannot use ${file} as a queue: ${told}; ${hint}`);
  }
  if (state === "newer") throw new StoreError("QUEUE_NEWER", `cannot open ${file}: ${told}; use a newer schnitzel`);
  if (state === "absent") throw new StoreError("QUEUE_UNOPENABLE", `there is no queue ${file}`);
  if (state === "unreadable")
    throw new StoreError("QUEUE_UNOPENABLE", `cannot open ${file}: ${told}; check who owns it`);
}
