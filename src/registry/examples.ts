import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as v from "valibot";
import { seededRandom } from "../base/random.ts";
import { leapingClock } from "../base/virtual_clock.ts";
import {
  ABSENT,
  ALONE,
  diskFiles,
  type Emit,
  type Example,
  type ExamplePacket,
  type ExampleRequest,
  inputPorts,
  type NodeContext,
  type NodeDefinition,
  type NodeInstance,
  type SourceInstance,
} from "../node/index.ts";
import { IdGenerator, packetFactory, type StreamPacket } from "../packet/index.ts";
import { exampleCells } from "./example_cells.ts";
import { ExampleFeed } from "./example_feed.ts";
import { askAll, type ExampleNetwork, exampleNetwork, type Sent, sentAs } from "./example_network.ts";

export interface ExampleResult {
  title: string;
  /** What differs from the example; empty when it holds. */
  faults: readonly string[];
}

/** Why 10,000: an example is to be read; an endless source is cut off there. */
const MAX_PACKETS = 10_000;

/** Runs every example of a definition on simulated time, a folder of its own and a network of its own. */
export async function runExamples(definition: NodeDefinition): Promise<ExampleResult[]> {
  const results: ExampleResult[] = [];
  for (const example of definition.examples) {
    results.push({ title: example.title, faults: await runExample(definition, example) });
  }
  return results;
}

async function runExample(definition: NodeDefinition, example: Example): Promise<string[]> {
  const parsed = v.safeParse(definition.config, example.config);
  if (!parsed.success)
    return [`config is refused: ${v.getDotPath(parsed.issues[0]) ?? "config"}: ${parsed.issues[0].message}`];
  const wrong = definition.check(parsed.output).filter((issue) => issue.severity !== "warning");
  if (wrong.length > 0) return wrong.map((issue) => `config is refused: ${issue.path.join(".")}: ${issue.message}`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-example-"));
  try {
    return compare(example, await play(definition, parsed.output, example, folder));
  } catch (error) {
    return [`threw ${error}`];
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

interface Played {
  /** By output port. */
  packets: ReadonlyMap<string, StreamPacket[]>;
  stdout: string;
  /** What the example's requests got. */
  statuses: readonly number[];
  sent: readonly Sent[];
}

async function play(definition: NodeDefinition, config: unknown, example: Example, folder: string): Promise<Played> {
  for (const [file, text] of Object.entries(example.files ?? {})) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), text);
  }
  const written: string[] = [];
  const network = exampleNetwork();
  network.answer = () => new Response();
  const feed = new ExampleFeed();
  const base = exampleContext(folder, example.stdin ?? "", written, network);
  const context = { ...base, wakeAfter: feed.wakeAfter, cells: exampleCells(definition, config, example) };
  const packets = new Map(Object.keys(definition.outputs(config)).map((port) => [port, [] as StreamPacket[]]));
  const instance = definition.create(config, context);
  await instance.open?.();
  const first = [...packets.values()][0] ?? [];
  let statuses: readonly number[] = [];
  if (definition.kind !== "source")
    await feed.feed(
      instance as NodeInstance,
      Object.keys(inputPorts(definition, config)),
      ...emitInto(packets),
      example,
    );
  else if (example.requests === undefined) await drain(instance as SourceInstance, first);
  else statuses = await serve(instance as SourceInstance, example.requests, network, first);
  await instance.close?.();
  return { packets, stdout: written.join(""), statuses, sent: network.sent };
}

async function drain(source: SourceInstance, into: StreamPacket[]) {
  const abort = new AbortController();
  for await (const item of source.run(abort.signal)) {
    into.push(...((Array.isArray(item) ? item : [item]) as StreamPacket[]));
    if (into.length < MAX_PACKETS) continue;
    abort.abort();
    break;
  }
}

/** A source that is sent requests runs until all are answered; its packets are safe as soon as they are there. */
async function serve(
  source: SourceInstance,
  requests: readonly ExampleRequest[],
  network: ExampleNetwork,
  into: StreamPacket[],
) {
  const abort = new AbortController();
  const asking = askAll(requests, network).finally(() => abort.abort());
  for await (const item of source.run(abort.signal)) {
    for (const packet of [item].flat() as StreamPacket[]) {
      into.push(packet);
      source.ack?.(packet);
    }
  }
  return await asking;
}

function emitInto(packets: ReadonlyMap<string, StreamPacket[]>): [Emit, string] {
  const ports = [...packets].map(([port, list]) => [port, (packet: StreamPacket) => void list.push(packet)]);
  return [Object.fromEntries(ports), [...packets.keys()][0] ?? "out"];
}

function compare(example: Example, { packets, stdout, statuses, sent }: Played): string[] {
  const faults: string[] = [];
  for (const [port, made] of example.output === undefined ? [] : packets) {
    const wanted = example.output?.[port] ?? [];
    if (wanted.length === made.length && wanted.every((packet, i) => fits(packet, made[i]!))) continue;
    faults.push(`port ${port} should give ${shown(wanted)}, it gave ${shown(made)}`);
  }
  for (const port of Object.keys(example.output ?? {})) {
    if (!packets.has(port)) faults.push(`the example expects packets on port ${port}, which the node does not have`);
  }
  if (example.stdout !== undefined && example.stdout !== stdout) {
    faults.push(`stdout should be ${JSON.stringify(example.stdout)}, it was ${JSON.stringify(stdout)}`);
  }
  const promised = example.requests?.map(({ status }) => status) ?? [];
  if (!Bun.deepEquals(statuses, promised)) faults.push(`requests should get ${promised}, they got ${statuses}`);
  const posted = sentAs(example, sent);
  if (!Bun.deepEquals(posted, example.posted ?? [])) faults.push(`it sent ${JSON.stringify(posted).slice(0, 500)}`);
  return faults;
}

/** Only the fields an example states are compared. */
function fits(wanted: ExamplePacket, made: StreamPacket): boolean {
  const fields = typeof wanted === "string" ? { source_id: wanted } : wanted;
  return Object.entries(fields).every(([name, value]) => Bun.deepEquals(value, made[name as keyof StreamPacket]));
}

const shown = (packets: readonly ExamplePacket[]) => JSON.stringify(packets).slice(0, 500);

function exampleContext(folder: string, stdin: string, written: string[], network: ExampleNetwork): NodeContext {
  const clock = leapingClock();
  const random = seededRandom(1);
  const quiet = () => {};
  return {
    nodeId: "example",
    clock,
    random,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    files: diskFiles({ base: folder }),
    io: {
      write: (text) => void written.push(text),
      async *read() {
        if (stdin !== "") yield new TextEncoder().encode(stdin);
      },
    },
    fetch: network.fetch,
    resolve: network.resolve,
    serve: network.serve,
    ...ABSENT,
    ...ALONE,
    packet: packetFactory(new IdGenerator(clock, random), "example"),
    reject: quiet,
  };
}
