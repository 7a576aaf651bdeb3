import { didYouMean } from "../../base/suggest.ts";
import type { DiagnosticCode } from "../diagnostic.ts";
import { type LooseEdge, type LooseEnd, splitPort } from "../draft.ts";
import type { Findings } from "../findings.ts";
import { nearestEnd } from "../nearest_end.ts";
import type { GraphParts } from "../read.ts";
import type { Side, WrittenPort, WrittenPorts } from "./exposed_ports.ts";

/** A port of a file, and the end of an edge it stands for; no end when it leads nowhere, which was told. */
export interface ExposedPort {
  name: string;
  end: LooseEnd | undefined;
}

export type ExposedPorts = Readonly<Record<Side, readonly ExposedPort[]>>;

/** What an id in a file means: a node, the ports of a file it brings in, or a part with faults. */
type Meaning = "node" | "faulty" | ExposedPorts;

/** Why 2,000,000: comparisons of names; a file full of wrong edges must not take minutes. */
const MAX_COMPARISONS = 2_000_000;

/** The ids of one file, as its edges and ports use them. */
export class Scope {
  /** What ids get in front. */
  readonly prefix: string;
  readonly #meanings = new Map<string, Meaning>();
  readonly #findings: Findings;
  #comparisons = 0;

  constructor(prefix: string, { nodes, unreadIds }: GraphParts, findings: Findings) {
    this.prefix = prefix;
    this.#findings = findings;
    for (const id of unreadIds) this.#meanings.set(id, "faulty");
    for (const { id } of nodes) this.#meanings.set(id, "node");
  }

  has(id: string): boolean {
    return this.#meanings.has(id);
  }

  /** What a node that brings in a file exposes; undefined: its file has faults. */
  addUse(id: string, ports: ExposedPorts | undefined) {
    this.#meanings.set(id, ports ?? "faulty");
  }

  /** The edge between nodes of the whole graph; undefined when an end leads nowhere, which is reported. */
  edge(edge: LooseEdge): LooseEdge | undefined {
    const from = this.#end(edge.from, "out", `${edge.path}.from`);
    const to = this.#end(edge.to, "in", `${edge.path}.to`);
    return from && to && { ...edge, from, to };
  }

  /** What the file exposes. */
  expose({ in: inputs, out }: WrittenPorts): ExposedPorts {
    return { in: this.#ports(inputs, "in"), out: this.#ports(out, "out") };
  }

  #ports(written: readonly WrittenPort[], side: Side): ExposedPort[] {
    const first = new Map<string, string>();
    return written.map(({ name, text, place }) => {
      const path = `ports.${side}.${name}`;
      const end = this.#end({ text, port: undefined, place }, side, path, `Cannot expose "${name}"`);
      const key = `${end?.text}.${end?.port ?? ""}`;
      const other = first.get(key);
      if (end !== undefined && other !== undefined) {
        const message = `Cannot expose "${name}" as "${other}" leads to ${text} already`;
        this.#refuse("BAD_EXPOSED_PORT", end, path, message, "remove one; several edges may lead to one port");
      }
      first.set(key, name);
      return { name, end };
    });
  }

  #end(end: LooseEnd, side: Side, path: string, action = "Cannot connect the edge"): LooseEnd | undefined {
    const [id, dotted] = this.#meanings.has(end.text) ? [end.text] : splitPort(end.text);
    const asked = end.port ?? dotted;
    const meaning = this.#meanings.get(id);
    if (meaning === "faulty") return undefined;
    if (meaning === "node") return { ...end, text: this.prefix + id, port: asked };
    if (meaning === undefined) return this.#unknown(end, path, action);
    const port = this.#choose(id, asked, meaning, side, { end, path, action });
    return port?.end && { ...port.end, place: end.place, exposed: true };
  }

  #choose(id: string, asked: string | undefined, ports: ExposedPorts, side: Side, at: At): ExposedPort | undefined {
    const all = ports[side];
    const chosen = asked === undefined ? (side === "out" || all.length === 1 ? all[0] : undefined) : byName(all, asked);
    if (chosen !== undefined) return chosen;
    const { end, path, action } = at;
    const what = side === "in" ? "input" : "output";
    const names = all.map(({ name }) => name);
    if (names.length === 0) {
      const hint = `name one in its file: ports: { ${side}: { NAME: NODE.PORT } }`;
      return this.#refuse("UNKNOWN_PORT", end, path, `${action} as the file of "${id}" exposes no ${what}`, hint);
    }
    if (asked === undefined) {
      const message = `${action} to "${id}" as it does not say to which ${what}: ${names.join(", ")}`;
      return this.#refuse("AMBIGUOUS_PORT", end, path, message, `write ${id}.${names[0]}`);
    }
    const near = didYouMean(asked, names);
    const message = `${action} as the file of "${id}" exposes no ${what} "${asked}": it exposes ${names.join(", ")}`;
    return this.#refuse("UNKNOWN_PORT", end, path, message, near && `did you mean ${id}.${near}?`);
  }

  #unknown(end: LooseEnd, path: string, action: string): undefined {
    const message = `${action} as there is no node "${end.text.slice(0, 60)}"`;
    const [use] = end.text.split("/");
    if (typeof this.#meanings.get(use!) === "object" && use !== end.text) {
      const hint = `edges reach what the file of ${use} exposes under ports: ${use}.PORT`;
      return this.#refuse("UNKNOWN_NODE", end, path, message, hint);
    }
    this.#comparisons += this.#meanings.size;
    const near = this.#comparisons > MAX_COMPARISONS ? undefined : nearestEnd(end.text, [...this.#meanings.keys()]);
    return this.#refuse("UNKNOWN_NODE", end, path, message, near && `did you mean "${near}"?`);
  }

  #refuse(code: DiagnosticCode, { place }: LooseEnd, path: string, message: string, hint?: string): undefined {
    this.#findings.add({ code, severity: "error", message, place, path, ...(hint === undefined ? {} : { hint }) });
    return undefined;
  }
}

interface At {
  end: LooseEnd;
  path: string;
  action: string;
}

const byName = (ports: readonly ExposedPort[], asked: string) => ports.find(({ name }) => name === asked);
