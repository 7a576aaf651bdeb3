import * as v from "valibot";
import { ANY, type Example, type ExampleInput, inputPorts, type NodeDefinition } from "../../src/node/index.ts";
import type { Check } from "./check.ts";
import { onStage } from "./play.ts";

/** Nodes whose outputs of every kind keep the kinds of what comes, and which do not pass it all the same. */
const MAKES_ANEW: Record<string, string> = {
  map: "the payload is what its operations make: of a frame nothing need be left",
  split: "what leaves are parts: of a frame none is one",
  onnx_model: "of a frame the pixels are left out, so that what leaves can be stored",
  sensor_fusion: "what comes in by sensors leaves by none of these",
};

/** What the examples give where they say no kind, so that no node makes it by chance. */
const ODD_KIND = "kind_of_a_check";

interface Kinds {
  /** Of the packets that came in. */
  readonly taken: ReadonlySet<string>;
  /** Of those that left by outputs of every kind. */
  readonly left: ReadonlySet<string>;
}

/** Of every example together. Each input comes twice: the second time it is late for whatever goes by event time. */
async function kindsOf(definition: NodeDefinition): Promise<Kinds> {
  const taken = new Set<string>();
  const left = new Set<string>();
  for (const example of definition.examples.map((each) => withOddKind(each, definition))) {
    for (const { kind } of example.input as readonly { kind: string }[]) taken.add(kind);
    const ports = definition.outputs(v.parse(definition.config, example.config));
    await onStage(definition, example, async ({ create, play }) => {
      const instance = create();
      for (const { port, packet } of [...(await play(instance)), ...(await play(instance))]) {
        if (ports[port]?.kinds === ANY) left.add(packet.kind);
      }
      await instance.close?.();
    });
  }
  return { taken, left };
}

/** Packets at ports of every kind get a kind of their own. */
function withOddKind(example: Example, definition: NodeDefinition): Example {
  const ports = inputPorts(definition, v.parse(definition.config, example.config));
  const odd = (given: ExampleInput) => {
    const fields = typeof given === "string" ? { source_id: given } : given;
    const port = ports[(fields as { to?: string }).to ?? Object.keys(ports)[0]!];
    return { kind: port?.kinds === ANY ? ODD_KIND : "raw", ...fields };
  };
  return { ...example, input: (example.input ?? []).map(odd) };
}

const list = (kinds: ReadonlySet<string>) => [...kinds].join(", ") || "none";

export const KIND_CHECKS: readonly Check[] = [
  {
    title: "passes packets of the kinds that came in, when it says that it passes packets",
    async faults(definition) {
      if (!definition.passes) return [];
      const { taken, left } = await kindsOf(definition);
      if (left.size === 0) return ["no example shows a packet that it passes"];
      return left.isSubsetOf(taken) ? [] : [`took ${list(taken)} and passed ${list(left)}`];
    },
  },
  {
    title: "says that it passes packets, when their kinds stay",
    async faults(definition) {
      const known = MAKES_ANEW[definition.name];
      if (definition.kind === "source" || definition.passes) {
        return known === undefined ? [] : [`passes, and stands among those that do not: ${known}`];
      }
      const { taken, left } = await kindsOf(definition);
      const keeps = left.size > 0 && left.isSubsetOf(taken);
      return keeps && known === undefined ? ["say passes: true, or why not in MAKES_ANEW"] : [];
    },
  },
];
