import { defineCommand } from "./command/index.ts";
import { counted } from "./counted.ts";
import { EXIT } from "./exit.ts";
import { LOOK_FLAGS, onQueues, printJson, QUEUE_EXITS, tellLost } from "./queue_command.ts";
import { GRAPH_ARGUMENT, QUEUE_ARGUMENT } from "./queue_target.ts";

interface Verified {
  queue: string;
  file: string;
  faults: string[];
}

export const command = defineCommand({
  doc: "Reads all of it: the structure of the file, the checksum of every row, and whether the counts agree. A queue of gigabytes takes minutes; a graph that runs goes on meanwhile.",
  args: [GRAPH_ARGUMENT, QUEUE_ARGUMENT],
  flags: LOOK_FLAGS,
  examples: [["schnitzel queue verify yard.yaml", "After a power cut, or before a disk is trusted again."]],
  exits: { ...QUEUE_EXITS, [EXIT.failure]: "A queue has a fault." },
  run: (given) =>
    onQueues(
      given,
      async (asker, target, queue) => {
        const { ask, lost } = asker;
        const { terminal, flags } = given;
        const queues = await ask<Verified[]>("verify", { queue });
        const ok = queues.every(({ faults }) => faults.length === 0);
        if (flags.json) printJson(terminal, { graph: target.name, ok: ok && lost.length === 0, queues, lost });
        else for (const { queue, faults } of queues) terminal.out(lines(queue, faults));
        const damaged = flags.json ? lost.length > 0 : tellLost(asker, terminal) !== EXIT.ok;
        return damaged ? EXIT.precondition : ok ? EXIT.ok : EXIT.failure;
      },
      true,
    ),
});

const lines = (queue: string, faults: readonly string[]) =>
  faults.length === 0
    ? `${queue}: ok\n`
    : `${queue}: ${counted(faults.length, "fault")}\n${faults.map((fault) => `  ${fault}\n`).join("")}`;
