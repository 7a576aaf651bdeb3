import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Example, ExamplePacket, NodeDefinition } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { packet, runSource, startNode, testContext } from "../support/node.ts";

/** A packet as an example writes it, reduced to the fields the example names. */
type Shown = Record<string, unknown>;

export interface ExampleResult {
  /** What the example expects, and what came, in the same shape: by output port, and the text on stdout. */
  expected: { output: Record<string, Shown[]>; stdout: string | undefined };
  actual: { output: Record<string, Shown[]>; stdout: string | undefined };
}

/** Runs one example of a definition in a context with its files, standard input and a virtual clock. */
export async function runExample(definition: NodeDefinition, example: Example): Promise<ExampleResult> {
  const base = mkdtempSync(join(tmpdir(), "example-"));
  try {
    for (const [file, text] of Object.entries(example.files ?? {})) {
      mkdirSync(dirname(join(base, file)), { recursive: true });
      writeFileSync(join(base, file), text);
    }
    const context = testContext({ base, stdin: example.stdin ?? "" });
    const emitted = await emittedBy(definition, example, context);
    const stdout = example.stdout === undefined ? undefined : context.written.join("");
    return {
      expected: { output: shownExpected(example), stdout: example.stdout },
      actual: { output: shownActual(example, emitted), stdout },
    };
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

type Emitted = { port: string; packet: StreamPacket }[];

async function emittedBy(
  definition: NodeDefinition,
  { config, input = [], output = {} }: Example,
  context: ReturnType<typeof testContext>,
): Promise<Emitted> {
  if (definition.kind === "source") {
    // A source that never ends is stopped once the example's packets are there.
    const limit = Math.max(1, Object.values(output).flat().length);
    const { packets } = await runSource(definition, config, { context, limit });
    return packets.map((packet) => ({ port: "out", packet }));
  }
  const started = startNode(definition, config, context);
  for (const given of input) await started.process(packet(given));
  await started.node.close?.();
  return started.emitted;
}

const fieldsOf = (packet: ExamplePacket): Shown => (typeof packet === "string" ? { source_id: packet } : { ...packet });

function shownExpected({ output = {} }: Example): Record<string, Shown[]> {
  return Object.fromEntries(Object.entries(output).map(([port, packets]) => [port, packets.map(fieldsOf)]));
}

/** The emitted packets, each with only the fields the expected packet in its place has; surplus ones stay whole. */
function shownActual({ output = {} }: Example, emitted: Emitted): Record<string, Shown[]> {
  const shown: Record<string, Shown[]> = Object.fromEntries(Object.keys(output).map((port) => [port, []]));
  for (const { port, packet } of emitted) {
    shown[port] ??= [];
    const list = shown[port];
    const expected = output[port]?.[list.length];
    list.push(expected === undefined ? { ...packet } : pick(packet, Object.keys(fieldsOf(expected))));
  }
  return shown;
}

const pick = (packet: StreamPacket, names: string[]): Shown =>
  Object.fromEntries(names.map((name) => [name, packet[name as keyof StreamPacket]]));
