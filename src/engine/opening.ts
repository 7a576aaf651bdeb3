import type { Clock } from "../base/clock.ts";
import { noteError } from "./failures.ts";
import type { NodeRun } from "./node_run.ts";
import type { Producer } from "./producer.ts";
import type { SourceRun } from "./source_run.ts";

/** The run whose nodes are opened. */
interface Opening {
  readonly wiring: { readonly producers: readonly Producer[] };
  readonly host: { readonly clock: Clock };
  fail(error: Error): void;
}

/** Opens what nodes need and cannot have at once, such as a queue file, before a source runs. False: one failed. */
export async function openAll(run: Opening): Promise<boolean> {
  for (const producer of run.wiring.producers) {
    const { instance } = producer as NodeRun | SourceRun;
    // Most nodes have nothing to open, and a graph of them starts without waiting.
    if (instance.open === undefined) continue;
    try {
      await instance.open();
    } catch (thrown) {
      const { message } = noteError(producer, thrown, run.host.clock);
      run.fail(
        new Error(`cannot open node "${producer.id}" (${producer.plan.definition.name}): ${message}`, {
          cause: thrown,
        }),
      );
      return false;
    }
  }
  return true;
}
