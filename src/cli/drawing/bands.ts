import type { Group } from "./groups.ts";
import type { Layers, Stop } from "./layers.ts";

/** Pixels: between two rows, around a group, and above it for its name. */
export interface BandSizes {
  readonly row: number;
  readonly pad: number;
  readonly title: number;
}

/** A group's box: from top to bottom in pixels, and the layers it reaches over. */
export interface GroupBox {
  readonly name: string;
  readonly top: number;
  readonly bottom: number;
  readonly first: number;
  readonly last: number;
  /** Groups around it. */
  readonly depth: number;
}

export interface Bands {
  readonly height: number;
  readonly boxes: readonly GroupBox[];
  /** Middle of a stop. */
  y(stop: Stop): number;
}

/**
 * Gives each group rows of its own, below those of the nodes around it, so that its box holds its nodes and nobody
 * else's. Without groups all stops share the rows, short layers in the middle.
 */
export function banded(
  root: Group,
  { layers, routes }: Layers,
  edges: readonly { from: number }[],
  sizes: BandSizes,
): Bands {
  const groups = new Map<number, Group>();
  const claim = (group: Group) => {
    for (const { index } of group.nodes) groups.set(index, group);
    group.groups.forEach(claim);
  };
  claim(root);
  const owners = new Map<Stop, Group>();
  // Where an edge only passes it stays in the rows that it comes from.
  for (const [at, route] of routes.entries()) for (const stop of route) owners.set(stop, groups.get(edges[at]!.from)!);
  for (const stop of layers.flat()) if (stop.node !== undefined) owners.set(stop, groups.get(stop.node)!);
  return new Placing(layers, owners, sizes).place(root);
}

class Placing {
  readonly #layers: readonly (readonly Stop[])[];
  readonly #owners: ReadonlyMap<Stop, Group>;
  readonly #sizes: BandSizes;
  readonly #y = new Map<Stop, number>();
  readonly #boxes: GroupBox[] = [];

  constructor(layers: readonly (readonly Stop[])[], owners: ReadonlyMap<Stop, Group>, sizes: BandSizes) {
    this.#layers = layers;
    this.#owners = owners;
    this.#sizes = sizes;
  }

  place(root: Group): Bands {
    const height = this.#group(root, 0, 0);
    return { height, boxes: this.#boxes, y: (stop) => this.#y.get(stop)! };
  }

  /** Places a group from `top` on; returns where it ends. */
  #group(group: Group, top: number, depth: number): number {
    const { pad, title } = this.#sizes;
    let end = this.#rows(group, top);
    const mark = this.#boxes.length;
    for (const inner of group.groups) {
      const start = end + pad;
      end = this.#group(inner, start + title, depth + 1) + pad;
      const [first, last] = this.#reach(inner);
      this.#boxes.splice(mark, 0, { name: inner.name, top: start, bottom: end, first, last, depth });
    }
    return end;
  }

  #rows(group: Group, top: number): number {
    const own = this.#layers.map((layer) => layer.filter((stop) => this.#owners.get(stop) === group));
    const height = Math.max(0, ...own.map((stops) => stops.length)) * this.#sizes.row;
    for (const stops of own) {
      const above = top + (height - stops.length * this.#sizes.row) / 2;
      for (const [row, stop] of stops.entries()) this.#y.set(stop, above + (row + 0.5) * this.#sizes.row);
    }
    return top + height;
  }

  #reach(group: Group): [number, number] {
    const inside = new Set<Group>();
    const add = (one: Group) => {
      inside.add(one);
      one.groups.forEach(add);
    };
    add(group);
    const reached = this.#layers.flatMap((layer, at) =>
      layer.some((stop) => stop.node !== undefined && inside.has(this.#owners.get(stop)!)) ? [at] : [],
    );
    return [Math.min(...reached), Math.max(...reached)];
  }
}
