import { QUEUE_DEFAULTS, type QueueOptions, type QueueRow, StoreError } from "../../src/store/index.ts";
import type { Answer, Operation } from "../../src/store/operation.ts";
import { QueueClient } from "../../src/store/queue_client.ts";
import type { VirtualClock } from "./clock.ts";
import { type ModelFile, ModelQueue } from "./model_queue.ts";

/** The model behind the interface of a queue. */
export function modelClient(file: ModelFile, clock: VirtualClock, options: Partial<QueueOptions> = {}) {
  const model = new ModelQueue(file, { ...QUEUE_DEFAULTS, ...options });
  const standing = new Map<number, Operation>();
  let taken: number | undefined;
  const now = () => clock.nowMs();
  const round = async (asked: readonly { id: number; operation: Operation }[]) => {
    model.nowMs = now();
    model.expireOld();
    const answers: Answer[] = [];
    for (const { id, operation } of asked) {
      try {
        if (operation.op === "enqueue" && operation.after !== undefined && operation.after !== taken) {
          throw new StoreError("QUEUE_UNWRITABLE", "the call that it follows was not done");
        }
        const value = model.apply(operation);
        if (operation.op === "enqueue") taken = id;
        const waits = operation.op === "lease" && operation.request.wait && (value as QueueRow[]).length === 0;
        if (waits) standing.set(id, operation);
        else answers.push({ id, name: operation.op, value } as Answer);
      } catch (error) {
        answers.push({ id, name: "error", error });
      }
    }
    for (const [id, operation] of standing) {
      const aborted = asked.some((one) => one.operation.op === "abort" && one.operation.id === id);
      const value = model.apply(operation) as QueueRow[];
      if (value.length === 0 && !aborted) continue;
      standing.delete(id);
      answers.push({ id, name: "lease", value });
    }
    return { answers, stats: model.stats(), dueMs: standing.size > 0 ? now() + 1 : undefined };
  };
  const close = async () => model.close();
  return new QueueClient("model", { round, close }, clock, model.stats(), now);
}
