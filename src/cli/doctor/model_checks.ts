import type { GraphPlan } from "../../graph/index.ts";
import { modelResolver } from "../../inference/index.ts";
import { diskFiles } from "../../node/index.ts";
import { modelPlaces, modelStore } from "../model_store.ts";
import { modelsOf } from "../models_lock.ts";
import type { Terminal } from "../terminal.ts";
import type { Check } from "./checks.ts";

/** Whether the models that a graph names are here, with the bytes that its lock wants; none is loaded. */
export async function modelChecks(plan: GraphPlan, terminal: Terminal): Promise<Check[]> {
  const resolve = modelResolver(modelPlaces(diskFiles({ base: plan.baseDir }), modelStore(undefined, terminal)));
  const checks: Check[] = [];
  for (const model of modelsOf(plan)) {
    const name = "model";
    try {
      const { sha256 } = await resolve(model);
      checks.push({ name, status: "ok", detail: `${model}: sha256 ${sha256.slice(0, 12)}` });
    } catch (error) {
      checks.push({ name, status: "fault", detail: (error as Error).message });
    }
  }
  return checks;
}
