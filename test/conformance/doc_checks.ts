import * as v from "valibot";
import { inputPorts, type NodeDefinition, type Ports } from "../../src/node/index.ts";
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
      [...inputsOf(definition), ...outputsOf(definition)].flatMap((ports) =>
        Object.entries(ports).flatMap(([name, { doc }]) => [
          ...(/^[A-Za-z_]\w*$/.test(name) ? [] : [`"${name}" is no port name`]),
          ...(doc.length > 0 ? [] : [`port ${name} has no doc`]),
        ]),
      ),
  },
  {
    title: "has inputs unless it is a source, and outputs if it is one",
    faults: (definition) => {
      const { kind } = definition;
      const source = kind === "source";
      return [
        ...inputsOf(definition)
          .map((inputs) => Object.keys(inputs))
          .filter((names) => source !== (names.length === 0))
          .map((names) => `a ${kind} with inputs ${names}`),
        ...(source && outputsOf(definition).some((ports) => Object.keys(ports).length === 0) ? ["no output"] : []),
      ];
    },
  },
];

/** The input ports for each example's config; the fixed ones when there is none. */
const inputsOf = (definition: NodeDefinition): Ports[] =>
  definition.inputsFor === undefined
    ? [definition.inputs]
    : definition.examples.map(({ config }) => inputPorts(definition, v.parse(definition.config, config)));

/** The output ports for each example's config. */
const outputsOf = ({ examples, config, outputs }: NodeDefinition): Ports[] =>
  examples.map((example) => outputs(v.parse(config, example.config)));
