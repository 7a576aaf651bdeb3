import type { DeadLetter } from "../observe/index.ts";
import { Packet } from "../packet/index.ts";
import { type DeadEntry, entryCodec, type Queue } from "../store/index.ts";

/** Letters of one commit. */
const MAX_LETTERS = 256;
/** A stack beyond this tells nothing new and would fill the file. */
const MAX_STACK = 8_192;

/**
 * Keeps dead letters in the state directory, gathered into commits. What a queue of the graph holds already is not
 * kept twice.
 */
export class KeptLetters {
  readonly #queue: Queue;
  readonly #onLost: (error: Error, letters: number) => void;
  #waiting: DeadEntry[] = [];
  #writing: Promise<void> | undefined;

  constructor(queue: Queue, onLost: (error: Error, letters: number) => void) {
    this.#queue = queue;
    this.#onLost = onLost;
  }

  keep(letter: DeadLetter) {
    if (letter.queue !== undefined) return;
    this.#waiting.push(entryOf(letter));
    this.#writing ??= Promise.resolve().then(() => this.#writeAll());
  }

  /** Resolves when all of them are on the disk, or were reported lost. */
  async close() {
    await this.#writing;
  }

  async #writeAll() {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_LETTERS);
      try {
        await this.#queue.setAside(batch);
      } catch (error) {
        this.#onLost(error as Error, batch.length);
      }
    }
    this.#writing = undefined;
  }
}

/** A letter as a row: its partition is the input it can be replayed into, its key the packet at that input. */
function entryOf(letter: DeadLetter): DeadEntry {
  const { node_id: node, port = "", reason, stack = "", attempts, first_at, at } = letter;
  const [firstFailedMs, lastFailedMs] = [Date.parse(first_at), Date.parse(at)];
  const told = { node, port, error: reason, stack: stack.slice(0, MAX_STACK), attempts, firstFailedMs, lastFailedMs };
  const partition = `${node}.${port}`;
  const row = rowOf(letter, partition);
  return { ...row, key: `${row.packet_id}@${partition}`, ...told };
}

function rowOf(letter: DeadLetter, partition: string) {
  const packet = packetOf(letter);
  try {
    return entryCodec.encode(packet, partition);
  } catch (error) {
    // What JSON cannot hold is named instead; the rest of the letter says what happened to which packet.
    const { packet_id, ts, kind, source_id } = packet;
    const payload = { not_kept: (error as Error).message };
    return entryCodec.encode(new Packet(packet_id, ts, kind, source_id, payload, {}), partition);
  }
}

/** A record that a source rejected never was a packet; as one it can be shown like the others. */
function packetOf({ packet, record, node_id, at }: DeadLetter) {
  return packet ?? new Packet(crypto.randomUUID(), at, "record", node_id, record, {});
}
