import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { spawnChild } from "../../src/cli/spawn_child.ts";
import { findFfmpeg } from "../../src/media/index.ts";
import {
  type Emit,
  type Example,
  type ExampleRequest,
  inputPorts,
  type NodeDefinition,
  type NodeInstance,
  type SourceInstance,
} from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { exampleCells } from "../../src/registry/example_cells.ts";
import { ExampleFeed } from "../../src/registry/example_feed.ts";
import { exampleModels } from "../support/example_models.ts";
import { askAll, type TestNetwork } from "../support/network.ts";
import { type TestContext, testContext } from "../support/node.ts";
import { withStandInCamera } from "../support/stand_in_camera.ts";

/** A node in the surroundings its example describes: files, standard input, a virtual clock. */
export interface Stage {
  readonly context: TestContext;
  /** Statuses that the example's requests got. */
  readonly statuses: number[];
  /** A new instance with the example's config. */
  create(): NodeInstance | SourceInstance;
  /** Runs an instance over the example's input. Does not close it. */
  play(instance: NodeInstance | SourceInstance): Promise<Emitted[]>;
}

export interface Emitted {
  port: string;
  packet: StreamPacket;
}

/** Sets the stage for one example, and strikes it afterwards. */
export async function onStage<Result>(
  definition: NodeDefinition,
  example: Example,
  use: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  const base = mkdtempSync(join(tmpdir(), "example-"));
  try {
    for (const [file, text] of Object.entries(example.files ?? {})) {
      mkdirSync(dirname(join(base, file)), { recursive: true });
      writeFileSync(join(base, file), text);
    }
    const made = testContext({ base, stdin: example.stdin ?? "" });
    // Real ones: examples of video are decoded by ffmpeg, and models run.
    const inference = exampleModels(made.files);
    const real = { spawn: withStandInCamera(spawnChild), ffmpeg: findFfmpeg, inference };
    const feed = new ExampleFeed();
    made.network.answer = () => new Response();
    const config = v.parse(definition.config, example.config);
    const cells = exampleCells(definition, config, example);
    const context: TestContext = { ...made, ...real, wakeAfter: feed.wakeAfter, cells };
    const statuses: number[] = [];
    return await use({
      context,
      statuses,
      create: () => definition.create(config, context),
      play(instance) {
        if (!("run" in instance)) return playNode(instance, definition, example, feed);
        const { requests } = example;
        return requests === undefined
          ? playSource(instance, example)
          : playServer(instance, requests, context.network, statuses);
      },
    });
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

async function playSource(source: SourceInstance, { output = {} }: Example): Promise<Emitted[]> {
  // A source without an end is stopped once the example's packets are there.
  const limit = Math.max(1, Object.values(output).flat().length);
  const abort = new AbortController();
  const packets: StreamPacket[] = [];
  await source.open?.();
  for await (const item of source.run(abort.signal)) {
    packets.push(...(Array.isArray(item) ? item : [item as StreamPacket]));
    if (packets.length >= limit) abort.abort();
    if (abort.signal.aborted) break;
  }
  return packets.map((packet) => ({ port: "out", packet }));
}

/** A source that is sent requests runs until all are answered; its packets are safe as soon as they are there. */
async function playServer(
  source: SourceInstance,
  requests: readonly ExampleRequest[],
  network: TestNetwork,
  statuses: number[],
): Promise<Emitted[]> {
  const abort = new AbortController();
  await source.open?.();
  const asking = askAll(requests, network).finally(() => abort.abort());
  const emitted: Emitted[] = [];
  for await (const item of source.run(abort.signal)) {
    for (const packet of [item].flat() as StreamPacket[]) {
      emitted.push({ port: "out", packet });
      source.ack?.(packet);
    }
  }
  statuses.push(...(await asking));
  return emitted;
}

async function playNode(node: NodeInstance, definition: NodeDefinition, example: Example, feed: ExampleFeed) {
  const emitted: Emitted[] = [];
  await node.open?.();
  // Every name is a method, so a port that was never declared is seen instead of throwing.
  const emit = new Proxy({} as Emit, {
    get: (_target, port) => (packet: StreamPacket) => void emitted.push({ port: String(port), packet }),
  });
  const config = v.parse(definition.config, example.config);
  const [defaultPort = "out"] = Object.keys(definition.outputs(config));
  await feed.feed(node, Object.keys(inputPorts(definition, config)), emit, defaultPort, example);
  return emitted;
}
