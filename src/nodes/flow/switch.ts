import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, type Emit, type Ports, port } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { compileCondition, compileValue, expressionIssues } from "../expression.ts";
import { packetPath, readPacketPath } from "./packet_path.ts";
import { portName } from "./port_name.ts";

const text = v.pipe(v.string(), v.minLength(1));
const scalar = v.union([v.string(), v.number(), v.boolean(), v.null()]);

const oneCase = v.strictObject({
  port: v.pipe(portName, v.description("Where a packet leaves that fits; several cases may share one.")),
  is: v.pipe(
    v.optional(v.union([scalar, v.pipe(v.array(scalar), v.minLength(1))])),
    v.description("Value of `on`, or a list of values."),
  ),
  when: v.pipe(v.optional(text), v.description("CEL condition.")),
  has: v.pipe(v.optional(packetPath), v.description("Key that must be there, such as `payload.alarm`.")),
});

const config = v.strictObject({
  on: v.pipe(v.optional(text), v.description("CEL expression whose value the cases with `is` name.")),
  cases: v.pipe(
    v.pipe(v.array(oneCase), v.minLength(1)),
    v.description("Tried in order; each has a `port` and one of `is`, `when` and `has`."),
  ),
});

type Config = v.InferOutput<typeof config>;
type Case = Config["cases"][number];

const TESTS = ["is", "when", "has"] as const;

const switchNode = defineNode({
  name: "switch",
  kind: "transform",
  doc: `Sends each packet by exactly one way: that of the first case it fits, or by \`else\`.

A case names a value of \`on\` (\`is\`), a condition (\`when\`), or a key that must be there (\`has\`). \`on\` is evaluated once
per packet, and only when a case with \`is\` is reached. \`route\` has conditions alone, and can send a packet more than one
way. A number and a text are different values: \`7\` is not \`"7"\`.`,
  config,
  inputs: { in: port(ANY, "Packets to sort.") },
  passes: true,
  outputs: ({ cases }: Config): Ports => ({
    ...Object.fromEntries(cases.map(({ port: name }) => [name, port(ANY, "The first case that fits names it.")])),
    else: port(ANY, "No case fits."),
  }),
  examples: [
    {
      title: "By the state of a door, and by what is wrong with it",
      config: {
        on: "payload.state",
        cases: [
          { port: "faults", has: "payload.fault" },
          { port: "open", is: ["open", "ajar"] },
          { port: "forced", when: 'payload.state == "closed" && payload.force > 10' },
        ],
      },
      input: [
        { payload: { state: "ajar" } },
        { payload: { state: "open", fault: "sensor" } },
        { payload: { state: "closed", force: 12 } },
        { payload: { state: "closed", force: 1 } },
      ],
      output: {
        open: [{ payload: { state: "ajar" } }],
        faults: [{ payload: { state: "open", fault: "sensor" } }],
        forced: [{ payload: { state: "closed", force: 12 } }],
        else: [{ payload: { state: "closed", force: 1 } }],
      },
    },
  ],
  check: caseIssues,
  create({ on, cases }) {
    const evaluate = on === undefined ? () => undefined : compileValue(on);
    const tried = cases.map((one) => ({ port: one.port, fits: compileCase(one) }));
    return {
      process(packet, emit: Emit) {
        let value: string | undefined;
        const valueText = () => (value ??= JSON.stringify(evaluate(packet)) ?? "");
        const found = tried.find(({ fits }) => fits(packet, valueText));
        emit[found?.port ?? "else"]!(packet);
      },
    };
  },
});

export { switchNode as switch };

function compileCase({ is, when, has }: Case): (packet: StreamPacket, value: () => string) => boolean {
  if (when !== undefined) return compileCondition(when);
  if (has !== undefined) return (packet) => readPacketPath(packet, has).found;
  const values = new Set((Array.isArray(is) ? is : [is]).map((one) => JSON.stringify(one)));
  return (_packet, value) => values.has(value());
}

function caseIssues({ on, cases }: Config): ConfigIssue[] {
  const uses = cases.some(({ is }) => is !== undefined);
  return [
    ...(on === undefined ? [] : expressionIssues(["on"], on)),
    ...(uses && on === undefined
      ? [{ path: ["cases"], message: "needs `on`, whose values the cases with `is` name" }]
      : []),
    ...(!uses && on !== undefined ? [{ path: ["on"], message: "has no case with `is`" }] : []),
    ...cases.flatMap((one, at): ConfigIssue[] => oneIssues(one, ["cases", at])),
  ];
}

function oneIssues(one: Case, path: (string | number)[]): ConfigIssue[] {
  if (one.port === "else") return [{ path: [...path, "port"], message: 'port "else" is for packets no case fits' }];
  const tests = TESTS.filter((name) => one[name] !== undefined);
  if (tests.length !== 1) {
    return [{ path, message: `needs exactly one of is, when and has: this one has ${tests.join(", ") || "none"}` }];
  }
  return one.when === undefined ? [] : expressionIssues([...path, "when"], one.when, "bool");
}
