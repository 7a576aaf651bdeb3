import * as v from "valibot";
import type { NodeDefinition, Ports } from "../../src/node/index.ts";
import type { Check } from "./check.ts";
import { SNAKE } from "./config_checks.ts";

export const DOC_CHECKS: readonly Check[] = [
  {
    title: "has a name in snake_case",
    faults: ({ name }) => (SNAKE.test(name) ? [] : [`"${name}" is not snake_case`]),
  },
  {
    title: "says what it does in a first sentence",
    faults: ({ doc }) => (/^[A-Z`][^\n]{10,}[.:]/.test(doc) ? [] : [`doc starts "${doc.slice(0, 40)}"`]),
  },
  {
    title: "has an example",
    faults: ({ examples }) => (examples.length > 0 ? [] : ["no example"]),
  },
  {
    title: "documents every port and names it as an edge can write it",
    faults: (definition) =>
      [definition.inputs, ...outputsOf(definition)].flatMap((ports) =>
        Object.entries(ports).flatMap(([name, { doc }]) => [
          ...(/^[A-Za-z_]\w*$/.test(name) ? [] : [`"${name}" is no port name`]),
          ...(doc.length > 0 ? [] : [`port ${name} has no doc`]),
        ]),
      ),
  },
  {
    title: "has inputs unless it is a source, and outputs if it is one",
    faults: (definition) => {
      const { kind, inputs } = definition;
      const source = kind === "source";
      return [
        ...(source === (Object.keys(inputs).length === 0) ? [] : [`a ${kind} with inputs ${Object.keys(inputs)}`]),
        ...(source && outputsOf(definition).some((ports) => Object.keys(ports).length === 0) ? ["no output"] : []),
      ];
    },
  },
];

/** The output ports for each example's config. */
const outputsOf = ({ examples, config, outputs }: NodeDefinition): Ports[] =>
  examples.map((example) => outputs(v.parse(config, example.config)));
