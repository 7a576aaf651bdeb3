/** A point an edge passes: a node, or a place between two layers that are not neighbours. */
export interface Stop {
  /** The node; undefined where an edge only passes. */
  node: number | undefined;
  layer: number;
  /** Position in its layer, from 0. */
  row: number;
}

export interface Layers {
  /** By layer, then by row. */
  layers: Stop[][];
  /** The stops of each edge, from its start to its end. */
  routes: Stop[][];
}

/** Passes over the layers, forth and back; more of them change nothing that can be seen. */
const SWEEPS = 8;

/**
 * Places the nodes of an acyclic graph in layers, after Sugiyama: a node stands one layer behind the last of
 * its predecessors, an edge over several layers passes each of them, and the rows follow their neighbours' mean.
 */
export function layered(count: number, edges: readonly { from: number; to: number }[]): Layers {
  const depth = depths(count, edges);
  const layers: Stop[][] = Array.from({ length: Math.max(-1, ...depth) + 1 }, () => []);
  const add = (node: number | undefined, layer: number) => {
    const stop = { node, layer, row: layers[layer]!.length };
    layers[layer]!.push(stop);
    return stop;
  };
  const stops = depth.map((layer, node) => add(node, layer));
  const routes = edges.map(({ from, to }) => {
    const between = Array.from({ length: depth[to]! - depth[from]! - 1 }, (_, step) =>
      add(undefined, depth[from]! + 1 + step),
    );
    return [stops[from]!, ...between, stops[to]!];
  });
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) order(layers, routes, sweep % 2 === 0);
  return { layers, routes };
}

/** Longest way from a source, in edges. */
function depths(count: number, edges: readonly { from: number; to: number }[]): number[] {
  const depth = new Array<number>(count).fill(0);
  const waiting = new Array<number>(count).fill(0);
  const after: number[][] = Array.from({ length: count }, () => []);
  for (const { from, to } of edges) {
    waiting[to]! += 1;
    after[from]!.push(to);
  }
  const ready = waiting.flatMap((edgesIn, node) => (edgesIn === 0 ? [node] : []));
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    for (const next of after[node]!) {
      depth[next] = Math.max(depth[next]!, depth[node]! + 1);
      waiting[next]! -= 1;
      if (waiting[next] === 0) ready.push(next);
    }
  }
  return depth;
}

function order(layers: Stop[][], routes: readonly Stop[][], forth: boolean) {
  const neighbours = new Map<Stop, Stop[]>();
  for (const route of routes) {
    for (let at = 1; at < route.length; at += 1) {
      const [stop, other] = forth ? [route[at]!, route[at - 1]!] : [route[at - 1]!, route[at]!];
      const near = neighbours.get(stop);
      if (near === undefined) neighbours.set(stop, [other]);
      else near.push(other);
    }
  }
  const wanted = (stop: Stop) => {
    const near = neighbours.get(stop);
    return near === undefined ? stop.row : near.reduce((sum, { row }) => sum + row, 0) / near.length;
  };
  for (const layer of forth ? layers : layers.toReversed()) {
    const places = new Map(layer.map((stop) => [stop, wanted(stop)]));
    layer.sort((a, b) => places.get(a)! - places.get(b)! || a.row - b.row);
    for (const [row, stop] of layer.entries()) stop.row = row;
  }
}
