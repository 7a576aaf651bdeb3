import { defineCommand, flag } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { LOOK_FLAGS, onQueues, printJson, QUEUE_EXITS } from "./queue_command.ts";
import { GRAPH_ARGUMENT, QUEUE_ARGUMENT } from "./queue_target.ts";

interface Left {
  left: { queue: string; ready: number; leased: number; dead: number }[];
}

export const command = defineCommand({
  doc: "Waits for every row that is in the queue when it is called, and shows what is left meanwhile. Sources are not stopped; what they bring later is not waited for, nor are dead letters.",
  args: [GRAPH_ARGUMENT, QUEUE_ARGUMENT],
  flags: { "timeout-sec": flag.amount("N", "Give up after this many seconds."), ...LOOK_FLAGS },
  examples: [["schnitzel queue drain yard.yaml --timeout-sec 600", "Before a machine is switched off for good."]],
  exits: {
    ...QUEUE_EXITS,
    [EXIT.ok]: "All that waited is delivered.",
    [EXIT.failure]: "It was not in time.",
    [EXIT.precondition]: "The graph does not run, and something waits.",
  },
  run: (given) =>
    onQueues(given, async ({ ask, pid }, target, queue) => {
      const { terminal, flags } = given;
      const { "timeout-sec": seconds } = flags;
      const wait = pid === undefined ? 0 : seconds === undefined ? undefined : seconds * 1_000;
      const args = { queue, ...(wait === undefined ? {} : { timeout_ms: wait }) };
      let last = "";
      const progress = (item: unknown) => {
        const line = `${leftText(item as Left)}\n`;
        if (line !== last && pid !== undefined && !flags.json) terminal.err(line);
        last = line;
      };
      const end = await ask<{ drained: boolean; empty: boolean } & Left>("drain", args, progress);
      if (flags.json) printJson(terminal, { graph: target.name, running: pid ?? null, ...end });
      else terminal.out(`${verdict(end)}\n`);
      if (end.drained) return EXIT.ok;
      if (pid !== undefined) return EXIT.failure;
      terminal.err(`${target.name} does not run, so nothing is delivered\n  hint: schnitzel run delivers what waits\n`);
      return EXIT.precondition;
    }),
});

function verdict(end: { drained: boolean; empty: boolean } & Left): string {
  if (end.empty) return "empty";
  return end.drained ? `all that waited is delivered; since then: ${leftText(end)}` : `not empty: ${leftText(end)}`;
}

const leftText = ({ left }: Left) =>
  left
    .filter(({ ready, leased }) => ready + leased > 0)
    .map(({ queue, ready, leased }) => `${queue}: ${ready} wait, ${leased} are being delivered`)
    .join("; ");
