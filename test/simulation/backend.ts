import { Rejected, Unavailable } from "../../src/node/index.ts";
import { idempotencyKey, type StreamPacket } from "../../src/packet/index.ts";
import type { Box } from "./box.ts";
import type { Life } from "./life.ts";
import { isPoison, type ShapeNode } from "./shape.ts";
import { during, type OutageKind } from "./weather.ts";

/** A connection on which nothing comes back. */
const TIMEOUT_MS = 130_000;

/** What a packet of the simulation carries. */
export interface Load {
  readonly fact: string;
  readonly path: string;
}

/** The servers behind the sinks, and the network before them. They know every key they have seen. */
export class Backend {
  readonly #box: Box;

  constructor(box: Box) {
    this.#box = box;
  }

  /** One request; what happens on the way there and back is the weather's. */
  async post(life: Life, sink: ShapeNode, packet: StreamPacket): Promise<void> {
    const { net, weather } = this.#box;
    await life.wait(net.between(0.2, weather.netMs));
    const { fact, path } = packet.payload as Load;
    const kind = this.#kind();
    if (kind === "black_hole") {
      this.#box.ledger.blame(fact, `${path}>${sink.id}`);
      // Without a policy of its own a node waits as long as its system lets it.
      if (sink.runtime.delivery !== undefined) return new Promise(() => {});
      await life.wait(TIMEOUT_MS);
      throw new Unavailable("ETIMEDOUT");
    }
    if (isPoison(sink, fact)) throw new Rejected("422");
    if (kind === undefined || kind === "reset") this.apply(sink, packet);
    await life.wait(net.between(0.2, weather.netMs));
    if (kind === "broken") throw this.#failed(fact, `${path}>${sink.id}`);
    if (kind === "busy") throw new Unavailable("503", net.maybe(0.3) ? { retryAfterMs: net.int(1, 3_000) } : {});
    if (kind !== undefined) throw new Unavailable(kind);
  }

  /** The effect of a packet, done at once. */
  apply(sink: ShapeNode, packet: StreamPacket) {
    const { fact, path } = packet.payload as Load;
    const way = `${path}>${sink.id}`;
    this.#box.note(`effect ${fact} ${way}`);
    this.#box.ledger.effect(fact, way, idempotencyKey(packet), packet);
  }

  #failed(fact: string, path: string): Error {
    this.#box.ledger.blame(fact, path);
    return new Error("500");
  }

  #kind(): OutageKind | undefined {
    const { clock, weather, healed, net } = this.#box;
    const outage = weather.outages.find((window) => during([window], clock.nowMs));
    if (healed || outage === undefined) return undefined;
    if (outage.kind !== "mixed") return outage.kind;
    return net.one([undefined, undefined, "busy", "broken", "reset", "down"]);
  }
}
