import * as v from "valibot";
import { systemClock } from "../../src/base/clock.ts";
import { exchange } from "../../src/cli/exchange.ts";
import { spawnChild } from "../../src/cli/spawn_child.ts";
import { findFfmpeg } from "../../src/media/index.ts";
import type { NodeContext, NodeDefinition, SourceInstance } from "../../src/node/index.ts";
import type { Frame, StreamPacket } from "../../src/packet/index.ts";
import { testContext } from "./node.ts";

type Logged = ReturnType<typeof testContext>["logged"][number];

/** A picture source at work: real time, real processes, a network. Every packet is done as soon as it is there. */
export class CameraRun {
  readonly packets: StreamPacket<Frame>[] = [];
  readonly logged: Logged[];
  readonly source: SourceInstance;
  /** Process ids of what was started. */
  readonly pids: number[] = [];
  /** Waited for after each packet, as by a node that is busy. */
  resting: Promise<void> | undefined;
  /** Packets are not done by themselves. */
  holding = false;
  /** Undefined while it runs, or when it ended as asked. */
  error: Error | undefined;
  readonly #abort = new AbortController();
  readonly #ended: Promise<void>;
  #changed = () => {};

  constructor(definition: NodeDefinition, config: Record<string, unknown>, changes: Partial<NodeContext> = {}) {
    const context = testContext({ nodeId: "cam" });
    this.logged = context.logged;
    const spawn: NodeContext["spawn"] = (options) => {
      const child = spawnChild(options);
      this.pids.push(child.pid);
      return child;
    };
    const real = { clock: systemClock, spawn, exchange, ffmpeg: findFfmpeg };
    const told = Object.fromEntries(
      (["debug", "info", "warn", "error"] as const).map((level) => [
        level,
        (message: string, fields?: Record<string, unknown>) => {
          context.log[level](message, fields);
          this.#changed();
        },
      ]),
    ) as unknown as NodeContext["log"];
    const whole = { ...context, ...real, log: told, ...changes };
    this.source = definition.create(v.parse(definition.config, config), whole) as SourceInstance;
    this.#ended = this.#take();
  }

  /** Waits until it is so; looks after each packet and each line of the log, and twice a second for other things. */
  async until(what: string, holds: () => boolean, limitMs = 20_000) {
    const startMs = performance.now();
    while (!holds()) {
      if (performance.now() - startMs > limitMs) throw new Error(`not within ${limitMs} ms: ${what}\n${this.text()}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#changed = resolve;
      const timer = setTimeout(resolve, 500);
      await promise;
      clearTimeout(timer);
    }
  }

  /** Waits for a line of the log that names this reason. */
  async lost(reason: string) {
    await this.until(`lost for the reason ${reason}`, () =>
      this.logged.some(({ fields }) => fields?.reason === reason),
    );
  }

  /** Everything that was logged. */
  text(): string {
    return this.logged.map((line) => JSON.stringify(line)).join("\n");
  }

  metric(name: string): number {
    return this.source.metrics!()[name]!;
  }

  async [Symbol.asyncDispose]() {
    this.#abort.abort();
    await this.#ended;
    await this.source.close?.();
  }

  async #take() {
    try {
      await (this.source as { open?(): Promise<void> }).open?.();
      for await (const item of this.source.run(this.#abort.signal)) {
        this.packets.push(item as StreamPacket<Frame>);
        if (!this.holding) this.source.ack?.(item as StreamPacket);
        this.#changed();
        await this.resting;
      }
    } catch (error) {
      this.error = error as Error;
      this.#changed();
    }
  }
}

/** Whether a process is there; one that is dead and not waited for is not. */
export function alive(pid: number): boolean {
  const stat = Bun.spawnSync(["ps", "-o", "stat=", "-p", String(pid)])
    .stdout.toString()
    .trim();
  return stat !== "" && !stat.startsWith("Z");
}
