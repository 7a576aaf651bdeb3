import type { QueueEntry } from "./entry.ts";
import { StoreError } from "./error.ts";

const TEXTS = ["key", "packet_id", "ts", "kind", "source_id", "payload", "meta", "partition"] as const;

/** An entry that is none would fail all those it shares a commit with. */
export function checkText(entry: QueueEntry) {
  const wrong = TEXTS.find((name) => typeof entry[name] !== "string");
  if (wrong === undefined) return;
  const got = entry[wrong] === null ? "null" : typeof entry[wrong];
  throw new StoreError(
    "QUEUE_ENTRY",
    `cannot enqueue packet ${entry.packet_id}: its ${wrong} must be text, got ${got}`,
  );
}
