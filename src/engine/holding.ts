import type { Hold, PacketFailure } from "../node/index.ts";
import { idempotencyKey, type StreamPacket } from "../packet/index.ts";
import { AckRoot } from "./ack.ts";
import type { Failures } from "./failures.ts";
import { NO_PACKET, type NodeRun, TIME_CALL } from "./node_run.ts";
import { RootOutcome } from "./outcome.ts";
import type { EdgeRun } from "./producer.ts";

/** How a node that keeps packets holds event time back for those behind it. */
export interface HeldBack {
  /** Event time that has passed where its packets come from. */
  watermarkMs(): number;
  /** It keeps less than before. */
  changed(): void;
}

/** A packet that a node keeps, and whose it is. */
interface Kept {
  packet: StreamPacket;
  input: string;
  /** Undefined when only the event time of a node further on waits for it. */
  root: AckRoot | undefined;
  /** Event time that the sources of the holder had told of by then; nothing further on may be told of more. */
  watermarkMs: number;
}

/**
 * One more pending copy of a packet, in the hands of a node.
 *
 * Invariant: it is in its node's `holds` until it is released, failed or carried. Its root hears of it exactly once.
 */
export class PacketHold implements Hold {
  readonly watermarkMs: number;
  readonly #kept: Kept;
  readonly #node: NodeRun;
  readonly #failures: Failures;
  #root: AckRoot | undefined;
  #secured = false;

  constructor(node: NodeRun, kept: Kept, failures: Failures) {
    this.watermarkMs = kept.watermarkMs;
    this.#node = node;
    this.#kept = kept;
    this.#failures = failures;
    this.#root = kept.root;
    kept.root?.keep();
    node.holds.add(this);
  }

  /** Somebody waits for it. */
  get awaited(): boolean {
    return this.#root !== undefined;
  }

  /** The first one holds event time back for both. */
  share(): PacketHold {
    const kept = { ...this.#kept, root: this.#root, watermarkMs: Number.POSITIVE_INFINITY };
    const second = new PacketHold(this.#node, kept, this.#failures);
    second.#secured = this.#secured;
    return second;
  }

  release() {
    if (this.#leave()) this.#answer(undefined);
  }

  fail(error: Error) {
    if (!this.#leave()) return;
    const { packet, input } = this.#kept;
    const root = this.#takeRoot();
    this.#failures.giveUp(this.#node, { packet, root, input, attempts: 0, failedAtMs: this.#failures.nowMs }, error);
  }

  /** The state that has the packet is stored: its source hears that it is safe. The node still keeps it. */
  secure() {
    this.#secured = true;
    this.#answer(undefined);
  }

  /** The run has ended. False when the packet is safe all the same. */
  leave(failure: PacketFailure): boolean {
    this.#node.holds.delete(this);
    this.#answer(failure);
    return !this.#secured;
  }

  /** From now on what is emitted answers for it. Gives its root, if somebody waits, and once only. */
  handOver(): AckRoot | undefined {
    return this.#leave() ? this.#takeRoot() : undefined;
  }

  #leave(): boolean {
    const held = this.#node.holds.delete(this);
    if (held) this.#node.heldBack?.changed();
    return held;
  }

  #answer(failure: PacketFailure | undefined) {
    settle(this.#takeRoot(), failure);
  }

  #takeRoot(): AckRoot | undefined {
    const root = this.#root;
    this.#root = undefined;
    root?.unkeep();
    return root;
  }
}

/** Root of what one call emits that comes of packets held before. When it settles they hear of it, and `of` does. */
class CarryRoot extends AckRoot {
  /** What the call itself answers for: the packet that `process` was called with. */
  readonly of: AckRoot | undefined;

  /** Packets that the call has sent, by edge and key. */
  readonly #sent = new Map<string, number>();

  constructor(of: AckRoot | undefined, held: readonly AckRoot[]) {
    const all = of === undefined ? held : [...held, of];
    const tell = (_: StreamPacket, failure: PacketFailure | undefined) => {
      for (const root of all) settle(root, failure);
    };
    // Where all of them come again, what is made of them needs no dead letter.
    const keeps = of === undefined ? held.every((root) => root.keeps) : of.keeps;
    // What is kept and let go comes the way that it came.
    super(NO_PACKET, tell, keeps, undefined, held[0]!.way);
    this.of = of;
    this.asked = of === undefined ? held.every((root) => root.asks) : of.asks;
  }

  /**
   * Which packets a call makes may differ when those it holds come again, so each is counted by its own key; all but the
   * first over the node's first edge leave by another way.
   */
  override branch(mark: string, _: number, edge: EdgeRun, packet: StreamPacket): AckRoot {
    const name = `${mark} ${idempotencyKey(packet)}`;
    const count = this.#sent.get(name) ?? 0;
    this.#sent.set(name, count + 1);
    const at = edge === edge.from.firstEdge ? count : count + 1;
    // Not itself: the next node would take it for one of its own.
    return at === 0 ? this.copyOf(this.way) : super.branch(mark, at, edge, packet);
  }
}

function settle(root: AckRoot | undefined, failure: PacketFailure | undefined) {
  if (failure === undefined) root?.done();
  else root?.fail(failure);
}

/** The root of the packet that a call has, also when what it emits waits for more. */
export function ownRoot(root: AckRoot | undefined): AckRoot | undefined {
  return root instanceof CarryRoot ? root.of : root;
}

/** `context.hold()` of one node. */
export function holdPacket(node: NodeRun, failures: Failures): PacketHold | undefined {
  const { packet, input, root } = called(node);
  if (packet === NO_PACKET || packet === TIME_CALL) return undefined;
  const awaited = root?.awaited ? root : undefined;
  if (awaited === undefined && node.heldBack === undefined) return undefined;
  const watermarkMs = node.heldBack?.watermarkMs() ?? Number.POSITIVE_INFINITY;
  return new PacketHold(node, { packet, input, root: awaited, watermarkMs }, failures);
}

/** The packet that `process` has; a delivery policy calls it when it sees fit. */
function called(node: NodeRun): Omit<Kept, "watermarkMs"> {
  if (node.delivered === undefined) {
    const { packet, input, root } = node.callSlot ?? { packet: NO_PACKET, input: "", root: undefined };
    return { packet, input, root: ownRoot(root) };
  }
  const { outcome } = node.delivered;
  return outcome instanceof RootOutcome
    ? RootOutcome.callOf(outcome)
    : { packet: NO_PACKET, input: "", root: undefined };
}

/** `context.carry()` of one node. `putDown` gives a packet in hand, which answers for what it was made of, to its inbox. */
export function carryHolds(node: NodeRun, holds: Iterable<Hold | undefined>, putDown: (node: NodeRun) => void) {
  const slot = node.callSlot;
  if (slot === undefined) {
    throw new Error(
      "cannot carry held packets here: call carry in process, advance or wake, before anything is awaited",
    );
  }
  if (node.delivered !== undefined && slot.packet !== TIME_CALL) {
    throw new Error("cannot carry held packets in process under a delivery policy: set runtime.delivery to off");
  }
  const roots: AckRoot[] = [];
  for (const hold of holds) {
    if (hold === undefined) continue;
    if (!(hold instanceof PacketHold)) throw new TypeError("carry takes what context.hold() returned");
    const root = hold.handOver();
    if (root !== undefined) roots.push(root);
  }
  const before = slot.root;
  const own = ownRoot(before);
  if (roots.length === 0 && before === own) return;
  putDown(node);
  // The call counts once in each of its roots; with the next one the last is over.
  if (before !== own) own?.add();
  slot.root = roots.length === 0 ? own : new CarryRoot(own, roots);
  // Not in hand, where nothing is counted by its key.
  slot.sent = roots.length === 0 ? 0 : 1;
  if (before !== own) before!.done();
}
