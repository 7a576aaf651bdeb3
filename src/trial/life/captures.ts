import type { PlanNode } from "../../graph/index.ts";
import type { Emit, NodeInstance, ProcessResult } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";

/** A packet that passed a port. */
export interface Captured {
  readonly packet: StreamPacket;
  /** Since the start of the case. */
  readonly atMs: number;
}

/** More than any test looks at; beyond that the case fails, as memory would be next. */
const MAX_CAPTURED = 2_000_000;

/** What passed the ports of all nodes, in order. */
export class Captures {
  readonly #byPort = new Map<string, Captured[]>();
  readonly #nowMs: () => number;
  #total = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get overflowed(): boolean {
    return this.#total > MAX_CAPTURED;
  }

  /** Packets that passed a port. */
  get total(): number {
    return this.#total;
  }

  /** Of a port that is named as in edges, `node.port`. */
  of(port: string): readonly Captured[] {
    return this.#byPort.get(port) ?? [];
  }

  add(port: string, packet: StreamPacket) {
    this.#total += 1;
    if (this.overflowed) return;
    const known = this.#byPort.get(port);
    const captured = { packet, atMs: this.#nowMs() };
    if (known === undefined) this.#byPort.set(port, [captured]);
    else known.push(captured);
  }

  /** `instance` with everything it takes and emits noted. `alive`: of a process that was killed nothing is. */
  watch({ id, outputs, runtime }: PlanNode, instance: NodeInstance, alive: () => boolean): NodeInstance {
    const note = (port: string, packet: StreamPacket) => {
      if (alive()) this.add(`${id}.${port}`, packet);
    };
    const watched = new WeakMap<Emit, Emit>();
    const seen = new WeakSet<StreamPacket>();
    const emitOf = (emit: Emit) => {
      const known = watched.get(emit);
      if (known !== undefined) return known;
      const made = Object.fromEntries(
        Object.entries(emit).map(([port, send]) => [
          port,
          (packet: StreamPacket) => {
            note(port, packet);
            send(packet);
          },
        ]),
      );
      watched.set(emit, made);
      return made;
    };
    const through = <Result extends ProcessResult>(result: Result) =>
      yielded(result, (packet) => note(outputs[0] ?? "", packet));
    const own: Partial<NodeInstance> = {
      process(packet, emit, input) {
        // A delivery policy calls once for each try, and the packet came once.
        const again = runtime.delivery !== undefined && seen.has(packet);
        if (!again) note(input, packet);
        if (runtime.delivery !== undefined) seen.add(packet);
        return through(instance.process(packet, emitOf(emit), input));
      },
      ...(instance.advance && { advance: (untilMs, emit) => through(instance.advance!(untilMs, emitOf(emit))) }),
      ...(instance.wake && { wake: (emit) => through(instance.wake!(emitOf(emit))) }),
    };
    return overlaid(instance, own);
  }
}

/** `target` with some calls of its own; the rest as it is, private fields included. */
export function overlaid<Target extends object>(target: Target, own: Partial<Target>): Target {
  const get = (_: Target, name: string | symbol) => {
    if (Object.hasOwn(own, name)) return Reflect.get(own, name);
    const value: unknown = Reflect.get(target, name, target);
    return typeof value === "function" ? value.bind(target) : value;
  };
  // Over nothing, as a proxy over a frozen object must give what that has.
  return new Proxy({} as Target, { get, has: (_, name) => Reflect.has(target, name) });
}

/** An iterator whose packets are noted as they are pulled. */
function yielded<Result extends ProcessResult>(result: Result, note: (packet: StreamPacket) => void): Result {
  if (typeof result !== "object" || result === null || !("next" in result)) return result;
  const noted = (step: IteratorResult<StreamPacket>) => {
    if (!step.done) note(step.value);
    return step;
  };
  const next = () => {
    const step = result.next();
    return step instanceof Promise ? step.then(noted) : noted(step as IteratorResult<StreamPacket>);
  };
  return overlaid(result as object, { next } as object) as Result;
}
