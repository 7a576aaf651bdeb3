/** Who leads to whom, as indexes. */
export type Arrow = readonly [from: number, to: number];

/** For each node the nodes its arrows lead to, in arrow order. */
export function successors(count: number, arrows: Iterable<Arrow>): number[][] {
  const lists: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of arrows) lists[from]!.push(to);
  return lists;
}

/** Nodes that can be reached from `starts`, themselves included. */
export function reachable(starts: Iterable<number>, next: readonly (readonly number[])[]): boolean[] {
  const seen = next.map(() => false);
  const queue = [...starts];
  for (const start of queue) seen[start] = true;
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const to of next[at]!) {
      if (seen[to]) continue;
      seen[to] = true;
      queue.push(to);
    }
  }
  return seen;
}

/**
 * Groups of nodes that all reach each other (Tarjan's strongly connected components, without recursion),
 * only those that hold a cycle: two nodes and more. A node that leads to itself is not looked for.
 */
export function cyclicGroups(next: readonly (readonly number[])[]): number[][] {
  const order = new Int32Array(next.length).fill(-1);
  const low = new Int32Array(next.length);
  const onStack = new Uint8Array(next.length);
  const edgeAt = new Int32Array(next.length);
  const stack: number[] = [];
  const path: number[] = [];
  const groups: number[][] = [];
  let count = 0;
  const enter = (node: number) => {
    order[node] = low[node] = count++;
    onStack[node] = 1;
    stack.push(node);
    path.push(node);
  };
  const leave = (node: number) => {
    path.pop();
    const parent = path.at(-1);
    if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[node]!);
    if (low[node] !== order[node]) return;
    const group = stack.splice(stack.lastIndexOf(node));
    for (const member of group) onStack[member] = 0;
    if (group.length > 1) groups.push(group.sort((a, b) => a - b));
  };
  for (let start = 0; start < next.length; start++) {
    if (order[start] !== -1) continue;
    enter(start);
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      const to = next[node]![edgeAt[node]!++];
      if (to === undefined) leave(node);
      else if (order[to] === -1) enter(to);
      else if (onStack[to]) low[node] = Math.min(low[node]!, order[to]!);
    }
  }
  return groups.sort((a, b) => a[0]! - b[0]!);
}

/** The shortest way from the first node of a cyclic group back to itself, both ends included. */
export function cycleThrough(group: readonly number[], next: readonly (readonly number[])[]): number[] {
  const start = group[0]!;
  const members = new Set(group);
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (let head = 0; head < queue.length; head++) {
    const at = queue[head]!;
    for (const to of next[at]!) {
      if (to === start) return trail(at, start, cameFrom);
      if (!members.has(to) || cameFrom.has(to)) continue;
      cameFrom.set(to, at);
      queue.push(to);
    }
  }
  return [start, start];
}

function trail(last: number, start: number, cameFrom: ReadonlyMap<number, number>): number[] {
  const backwards = [start, last];
  for (let at = last; at !== start; ) {
    at = cameFrom.get(at)!;
    backwards.push(at);
  }
  return last === start ? [start, start] : backwards.reverse();
}

/**
 * Position of each node in topological order; of the nodes that may come next, the lowest index does.
 * Undefined when there is a cycle.
 */
export function topologicalRanks(next: readonly (readonly number[])[]): number[] | undefined {
  const waiting = new Int32Array(next.length);
  for (const list of next) for (const to of list) waiting[to]! += 1;
  const ready = new MinHeap();
  for (let node = 0; node < next.length; node++) if (waiting[node] === 0) ready.push(node);
  const ranks = new Array<number>(next.length).fill(-1);
  let rank = 0;
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    ranks[node] = rank++;
    for (const to of next[node]!) if (--waiting[to]! === 0) ready.push(to);
  }
  return rank === next.length ? ranks : undefined;
}

/** The smallest number first; binary heap. */
class MinHeap {
  readonly #items: number[] = [];

  push(value: number) {
    const items = this.#items;
    let at = items.push(value) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent]! <= value) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = value;
  }

  pop(): number | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    let at = 0;
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && items[child + 1]! < items[child]!) child += 1;
      if (items[child]! >= last) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return top;
  }
}
