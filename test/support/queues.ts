import * as path from "node:path";
import { DEAD_LETTERS, type NamedQueue, type QueueVerbOptions, queueVerbs } from "../../src/control/index.ts";
import { compileCondition } from "../../src/nodes/expression.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { type DeadEntry, entryCodec, openInline, type QueueOptions } from "../../src/store/index.ts";
import { virtualClock } from "./clock.ts";
import { temporaryFolder } from "./folder.ts";

/** A packet with this number, from one of two cameras in turn. */
export const packet = (at: number, fields: Partial<StreamPacket> = {}): StreamPacket => ({
  packet_id: `p${at}`,
  ts: "2026-01-01T00:00:00Z",
  kind: at % 2 === 0 ? "event" : "sensor",
  source_id: at % 2 === 0 ? "cam02" : "cam01",
  payload: { at },
  meta: {},
  ...fields,
});

export const entry = (at: number, fields: Partial<StreamPacket> = {}) => entryCodec.encode(packet(at, fields), "");

/** A dead letter of `node`, as a run writes it. */
export function letter(at: number, node: string, failedMs: number, port = "in"): DeadEntry {
  const partition = `${node}.${port}`;
  const told = { node, port, error: `${node} refused it`, stack: "at process", attempts: 3 };
  const row = entryCodec.encode(packet(at), partition);
  return { ...row, key: `${row.packet_id}@${partition}`, ...told, firstFailedMs: failedMs, lastFailedMs: failedMs };
}

/** Real queues in a folder of their own, and the verbs on them. */
export async function queueSetup(
  names: readonly string[] = ["detect.out->alarms.in", DEAD_LETTERS],
  { inputs, ...limits }: Partial<QueueOptions> & Pick<QueueVerbOptions, "inputs"> = {},
) {
  const folder = temporaryFolder();
  const clock = virtualClock();
  const queues: NamedQueue[] = [];
  const open = async () => {
    for (const [at, name] of names.entries()) {
      const file = path.join(folder.path, `${at}.sqlite3`);
      const queue = await openInline(file, { clock, onEvent() {}, ballastBytes: 0, minFreeBytes: 0, ...limits });
      queues.push({ name, file, queue });
    }
  };
  await open();
  const verbs = queueVerbs({ queues: () => queues, clock, condition: compileCondition, inputs });
  const sent: unknown[] = [];
  const quiet = { signal: new AbortController().signal, send: async (item: unknown) => void sent.push(item) };
  return {
    folder: folder.path,
    clock,
    queues,
    /** Closes them, does something to each file, and opens them again. */
    async reopen(between: (file: string) => void) {
      for (const { file, queue } of queues.splice(0)) {
        await queue.close();
        between(file);
      }
      await open();
    },
    queue: queues[0]!.queue,
    letters: queues[1]?.queue ?? queues[0]!.queue,
    sent,
    // biome-ignore lint/suspicious/noExplicitAny: what a verb gives is checked by the test
    ask: async (verb: string, args: object = {}): Promise<any> => verbs[`queue.${verb}`]!(args, quiet),
    async [Symbol.asyncDispose]() {
      for (const { queue } of queues) await queue.close();
      folder[Symbol.dispose]();
    },
  };
}
