import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, type Emit, type Ports, port } from "../../node/index.ts";
import { cellIssues, cellsOf, seesCells } from "../cell_variables.ts";
import { compileCondition } from "../expression.ts";
import { portName } from "./port_name.ts";

const condition = v.pipe(v.string(), v.minLength(1));

const rule = v.strictObject({
  port: v.pipe(v.optional(portName), v.description("Output port; `rule_1`, `rule_2` … when left out.")),
  when: v.pipe(condition, v.description("CEL condition.")),
});

const config = v.strictObject({
  rules: v.pipe(
    v.union([v.pipe(v.array(rule), v.minLength(1)), v.pipe(v.record(portName, condition), v.minEntries(1))]),
    v.description("Conditions in order: a list of `{ port, when }`, or a map from port to condition."),
  ),
  mode: v.pipe(
    v.optional(v.picklist(["first", "all"]), "first"),
    v.description("`first` sends a packet by the first rule that is true, `all` by every one."),
  ),
});

type Config = v.InferOutput<typeof config>;

export const route = defineNode({
  name: "route",
  kind: "transform",
  doc: `Sends each packet by the port of the rule that is true for it, and by \`else\` when none is.

Rules are [CEL](https://cel.dev) conditions as in \`filter\`, \`cells.NAME\` included, with one output port each; the first
rule's port is the default. They are tried in order, and in mode \`first\` those after a match are not evaluated.`,
  config,
  inputs: { in: port(ANY, "Packets to sort.") },
  passes: true,
  outputs: (options: Config): Ports => ({
    ...Object.fromEntries(ruleList(options).map((rule) => [rule.port, port(ANY, `\`${rule.when}\``)])),
    else: port(ANY, "No rule is true."),
  }),
  examples: [
    {
      title: "By temperature",
      config: { rules: { hot: "payload.celsius >= 30", cold: "payload.celsius < 0" } },
      input: [31, -4, 12].map((celsius) => ({ payload: { celsius } })),
      output: {
        hot: [{ payload: { celsius: 31 } }],
        cold: [{ payload: { celsius: -4 } }],
        else: [{ payload: { celsius: 12 } }],
      },
    },
    {
      title: "A packet that two rules want",
      config: {
        mode: "all",
        rules: [{ port: "events", when: 'kind == "event"' }, { when: 'source_id.startsWith("cam")' }],
      },
      input: [{ kind: "event", source_id: "cam01" }],
      output: { events: [{ source_id: "cam01" }], rule_2: [{ source_id: "cam01" }] },
    },
  ],
  check: (options) => ruleList(options).flatMap((rule) => [...portIssues(rule, options), ...conditionIssues(rule)]),
  cells: (options) => cellsOf(ruleList(options).map(({ when }) => when)),
  create(options, { cells }) {
    const rules = ruleList(options).map(({ port, when }) => ({ port, matches: compileCondition(when, "cells") }));
    const seen = seesCells(
      ruleList(options).map(({ when }) => when),
      cells,
    );
    const all = options.mode === "all";
    return {
      process(packet, emit: Emit) {
        let matched = false;
        const looked = seen(packet);
        for (const { port, matches } of rules) {
          if (!matches(looked)) continue;
          matched = true;
          emit[port]!(packet);
          if (!all) return;
        }
        if (!matched) emit.else!(packet);
      },
    };
  },
});

interface Rule {
  port: string;
  when: string;
  /** Where the rule and its condition stand in the config. */
  path: (string | number)[];
  whenPath: (string | number)[];
}

function ruleList({ rules }: Config): Rule[] {
  if (!Array.isArray(rules)) {
    return Object.entries(rules).map(([port, when]) => ({
      port,
      when,
      path: ["rules", port],
      whenPath: ["rules", port],
    }));
  }
  return rules.map(({ port, when }, at) => ({
    port: port ?? `rule_${at + 1}`,
    when,
    path: ["rules", at],
    whenPath: ["rules", at, "when"],
  }));
}

const conditionIssues = ({ when, whenPath }: Rule) => cellIssues(whenPath, when, "bool");

function portIssues(rule: Rule, options: Config): ConfigIssue[] {
  if (rule.port === "else") return [{ path: rule.path, message: 'port "else" is for packets no rule is true for' }];
  const first = ruleList(options).find(({ port }) => port === rule.port)!;
  if (first.path.at(-1) === rule.path.at(-1)) return [];
  const hint = "join the conditions with ||, or name another port";
  return [{ path: rule.path, message: `two rules have the port "${rule.port}"`, hint }];
}
