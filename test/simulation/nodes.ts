import { sleep } from "../../src/base/clock.ts";
import { type Emit, type Hold, type NodeContext, type NodeInstance, Unavailable } from "../../src/node/index.ts";
import { idempotencyKey, replace, type StreamPacket } from "../../src/packet/index.ts";
import type { Load } from "./backend.ts";
import type { Life } from "./life.ts";
import { isKiller, isPoison, outputs, type ShapeNode } from "./shape.ts";

/** Share of the tries at a flaky or moody node that fail. */
const TROUBLED = 0.15;

/** A node of the graph, as the program sees it. */
export function instanceOf(life: Life, node: ShapeNode, context: NodeContext): NodeInstance {
  if (node.keeps) return keeperOf(life, node, context);
  return node.role === "sink" ? sinkOf(life, node) : middleOf(life, node);
}

/** Packets wait a while; then each leaves, and answers for itself alone. */
function keeperOf(life: Life, node: ShapeNode, { hold, carry, wakeAfter }: NodeContext): NodeInstance {
  const kept: { packet: StreamPacket; held: Hold | undefined }[] = [];
  function* wake() {
    while (life.alive && kept.length > 0) {
      const { packet, held } = kept.shift()!;
      carry([held]);
      yield* children(node, packet);
    }
  }
  const wakeAtOnce = (emit: Emit<string>) => {
    for (const child of wake()) emit.out!(child);
  };
  return {
    process(packet) {
      if (!life.alive) return;
      life.step(node.id);
      trouble(life, node, packet);
      kept.push({ packet, held: hold() });
      if (kept.length === 1) wakeAfter(life.box.net.between(0, 200));
    },
    wake: node.by === "emit" ? wakeAtOnce : wake,
  };
}

function sinkOf(life: Life, node: ShapeNode): NodeInstance {
  const { backend } = life.box;
  return {
    process(packet) {
      if (!life.alive) return;
      if (node.later) return backend.post(life, node, packet);
      backend.apply(node, packet);
    },
  };
}

function middleOf(life: Life, node: ShapeNode): NodeInstance {
  return {
    process(packet, emit) {
      if (!life.alive) return;
      life.step(node.id);
      if (!node.later || (node.output === "split" && node.by === "async_iterator")) {
        trouble(life, node, packet);
        return send(life, node, packet, emit);
      }
      return sleep(life.clock, life.box.net.between(0, 30)).then(() => {
        trouble(life, node, packet);
        for (const child of children(node, packet)) emit.out!(child);
      });
    },
  };
}

/** Throws what this node does to this packet. */
function trouble(life: Life, node: ShapeNode, packet: StreamPacket) {
  const { box } = life;
  const { fact, path } = packet.payload as Load;
  if (isKiller(node, fact)) life.die(`${fact} at ${node.id} took it along`);
  const unlucky = !box.healed && box.net.maybe(TROUBLED);
  if (node.trouble === "moody" && unlucky) throw excused(life, node, packet, new Unavailable("away"));
  if (!isPoison(node, fact) && !(node.trouble === "flaky" && unlucky)) return;
  box.ledger.blame(fact, `${path}>${node.id}`);
  throw excused(life, node, packet, new Error(`${node.id} cannot bear ${fact}`));
}

/** With `on_error: drop` the packet is gone, and that is what was asked for. */
function excused(life: Life, { runtime, id }: ShapeNode, packet: StreamPacket, error: Error): Error {
  const { fact, path } = packet.payload as Load;
  if (runtime.on_error === "drop" && life.alive) life.box.ledger.givenUp(fact, `${path}>${id}`);
  return error;
}

function send(life: Life, node: ShapeNode, packet: StreamPacket, emit: Emit<string>) {
  const made = children(node, packet);
  if (node.output === "split" && node.by === "iterator") return made.values();
  if (node.output === "split" && node.by === "async_iterator") return oneByOne(life, made);
  for (const child of made) emit.out!(child);
}

async function* oneByOne(life: Life, made: readonly StreamPacket[]) {
  for (const child of made) {
    if (life.box.net.maybe(0.5)) await sleep(life.clock, life.box.net.between(0, 5));
    yield child;
  }
}

function children(node: ShapeNode, packet: StreamPacket): StreamPacket[] {
  const { fact, path } = packet.payload as Load;
  const names = outputs(node, fact);
  return names.map((name) => {
    const key = node.rekeys && node.output === "split" ? `${idempotencyKey(packet)}/${name}` : undefined;
    const meta = key === undefined ? packet.meta : { ...packet.meta, idempotency_key: key };
    return replace(packet, { payload: { fact, path: `${path}>${name}` }, meta });
  });
}
