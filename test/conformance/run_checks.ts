import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import type { Example, NodeDefinition } from "../../src/node/index.ts";
import { packState, stateBytes, stateOf } from "../../src/store/state_codec.ts";
import { type Sent, sentAs } from "../support/network.ts";
import type { Check } from "./check.ts";
import { SNAKE } from "./config_checks.ts";
import { onStage, type Stage } from "./play.ts";
import { actualOutput, expectedOutput } from "./shown.ts";

/** A check that holds for each example on its own stage. */
function onEveryStage(
  title: string,
  faults: (stage: Stage, example: Example, definition: NodeDefinition) => Promise<string[]>,
): Check {
  return {
    title,
    async faults(definition) {
      const found: string[] = [];
      for (const example of definition.examples) {
        const faultsHere = await onStage(definition, example, (stage) =>
          faults(stage, example, definition).catch((error: Error) => [error.message]),
        );
        found.push(...faultsHere.map((fault) => `example "${example.title}": ${fault}`));
      }
      return found;
    },
  };
}

async function keepsState({ create }: Stage): Promise<boolean> {
  const instance = create();
  await instance.close?.();
  return instance.snapshot !== undefined;
}

const text = (value: unknown) => JSON.stringify(value);

export const RUN_CHECKS: readonly Check[] = [
  onEveryStage("gives what its examples promise", async ({ context, create, play, statuses }, example) => {
    const instance = create();
    const actual = actualOutput(example, await play(instance));
    await instance.close?.();
    const written = context.written.join("");
    const promised = example.requests?.map(({ status }) => status) ?? [];
    return [
      ...(isDeepStrictEqual(plain(actual), plain(expectedOutput(example))) ? [] : [`gave ${text(actual)}`]),
      ...(example.stdout === undefined || example.stdout === written ? [] : [`wrote ${text(written)}`]),
      ...(isDeepStrictEqual(statuses, promised) ? [] : [`answered ${text(statuses)}`]),
      ...postFaults(example, context.network.sent),
    ];
  }),
  onEveryStage("emits on declared ports only", async ({ create, play }, { config }, definition) => {
    const declared = Object.keys(definition.outputs(v.parse(definition.config, config)));
    const instance = create();
    const strange = (await play(instance)).filter(({ port }) => !declared.includes(port));
    await instance.close?.();
    return strange.map(({ port }) => `emitted on "${port}", declared are ${declared.join(", ") || "none"}`);
  }),
  onEveryStage("leaves the packets it is given as they are", async ({ create, play }) => {
    // The stage hands out frozen packets, so a change throws.
    const instance = create();
    await play(instance);
    await instance.close?.();
    return [];
  }),
  onEveryStage("can be closed twice, also without a packet", async ({ create, play }) => {
    const [unused, used] = [create(), create()];
    await play(used);
    for (const instance of [unused, unused, used, used]) await instance.close?.();
    return [];
  }),
  onEveryStage("leaves no timer behind when closed", async ({ context, create, play }) => {
    const [unused, used] = [create(), create()];
    await play(used);
    for (const instance of [unused, used]) await instance.close?.();
    return context.clock.pending === 0 ? [] : [`${context.clock.pending} timers are left`];
  }),
  onEveryStage("reports metrics as finite numbers with snake_case names", async ({ create, play }) => {
    const instance = create();
    const before = { ...instance.metrics?.() };
    await play(instance);
    const after = { ...instance.metrics?.() };
    await instance.close?.();
    return [...metricFaults(before), ...metricFaults(after), ...counterFaults(before, after)];
  }),
  {
    title: "has a version of its state when it has a state, and else none",
    async faults(definition) {
      const keeps = await Promise.all(definition.examples.map((one) => onStage(definition, one, keepsState)));
      if (keeps.includes(true) === (definition.stateVersion !== undefined)) return [];
      return [keeps.includes(true) ? "has snapshot and no stateVersion" : "has stateVersion and no snapshot"];
    },
  },
  onEveryStage("gives again the state it was restored from", async ({ create, play }) => {
    const [played, restored] = [create(), create()];
    await play(played);
    const { snapshot, restore } = played;
    if ((snapshot === undefined) !== (restore === undefined)) return ["has only one of snapshot and restore"];
    // As a checkpoint keeps it: what is no plain value, typed array or packet is refused.
    const state = kept(played.snapshot?.(0));
    if (state !== undefined) restored.restore?.(kept(state));
    const again = kept(restored.snapshot?.(0));
    for (const instance of [played, restored]) await instance.close?.();
    return isDeepStrictEqual(state, again) ? [] : [`saved ${text(state)}, and after restoring ${text(again)}`];
  }),
];

const kept = (state: unknown) => (state === undefined ? state : stateOf(stateBytes(packState(state))));

function postFaults(example: Example, sent: readonly Sent[]): string[] {
  const shown = sentAs(example, sent);
  return isDeepStrictEqual(shown, example.posted ?? []) ? [] : [`sent ${text(shown)}`];
}

/** Whole floats and other number objects compare by value, key order does not count. */
const plain = (value: unknown): unknown => {
  const json = text(value);
  return json === undefined ? undefined : JSON.parse(json);
};

const metricFaults = (metrics: Record<string, unknown>) =>
  Object.entries(metrics).flatMap(([name, value]) => [
    ...(SNAKE.test(name) ? [] : [`metric "${name}" is not snake_case`]),
    ...(typeof value === "number" && Number.isFinite(value) ? [] : [`metric ${name} is ${String(value)}`]),
  ]);

/** `_total` promises a counter: whole, from zero, never falling. */
const counterFaults = (before: Record<string, number>, after: Record<string, number>) =>
  Object.entries(after).flatMap(([name, value]) => {
    if (!name.endsWith("_total")) return [];
    const start = before[name] ?? 0;
    return Number.isInteger(value) && start === 0 && value >= 0
      ? []
      : [`counter ${name} went from ${start} to ${value}`];
  });
