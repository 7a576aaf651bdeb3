import { linearSumAssignment } from "linear-sum-assignment";

/** How alike two things are, 0 to 1; 0 keeps them apart. */
type Likeness = (left: number, right: number) => number;

/**
 * Pairs of left and right things so that the sum of what their likeness has above `least` is as large as possible; each
 * is in one pair at most, and pairs below `least` are none.
 *
 * Things that compare with nobody in common are matched apart from each other: a picture falls into many small groups,
 * and the time grows with the cube of a group.
 */
export function bestPairs(lefts: number, rights: number, least: number, likeness: Likeness): [number, number][] {
  const groups = new Groups(lefts + rights);
  const rows = Array.from({ length: lefts }, (_, left) => {
    const gains = new Map<number, number>();
    for (let right = 0; right < rights; right++) {
      const gain = likeness(left, right) - least;
      if (gain < 0) continue;
      // A pair that is just alike enough gains something too, or it would not matter whether it is made.
      gains.set(right, gain + 1e-9);
      groups.join(left, lefts + right);
    }
    return gains;
  });
  return membersOf(groups, rows, lefts).flatMap((members) => pairsWithin(members, rows));
}

interface Members {
  lefts: number[];
  rights: Set<number>;
}

/** The groups with a pair in them, in the order of their first left one. */
function membersOf(groups: Groups, rows: readonly ReadonlyMap<number, number>[], lefts: number): Members[] {
  const found = new Map<number, Members>();
  for (let left = 0; left < lefts; left++) {
    if (rows[left]!.size === 0) continue;
    const group = groups.of(left);
    const members = found.get(group) ?? { lefts: [], rights: new Set() };
    found.set(group, members);
    members.lefts.push(left);
    for (const right of rows[left]!.keys()) members.rights.add(right);
  }
  return [...found.values()];
}

function pairsWithin({ lefts, rights }: Members, rows: readonly ReadonlyMap<number, number>[]): [number, number][] {
  const columns = [...rights].sort((a, b) => a - b);
  if (lefts.length === 1 && columns.length === 1) return [[lefts[0]!, columns[0]!]];
  const gains = lefts.map((left) => columns.map((right) => rows[left]!.get(right) ?? 0));
  // The library spells its option so.
  const { rowAssignments } = linearSumAssignment(gains, { maximaze: true });
  return lefts.flatMap((left, row): [number, number][] => {
    const column = rowAssignments[row]!;
    return column >= 0 && gains[row]![column]! > 0 ? [[left, columns[column]!]] : [];
  });
}

/** Disjoint sets of whole numbers (union by the smaller number, paths halved). */
class Groups {
  readonly #parent: Int32Array;

  constructor(size: number) {
    this.#parent = Int32Array.from({ length: size }, (_, at) => at);
  }

  of(member: number): number {
    let at = member;
    while (this.#parent[at] !== at) {
      this.#parent[at] = this.#parent[this.#parent[at]!]!;
      at = this.#parent[at]!;
    }
    return at;
  }

  join(one: number, other: number) {
    const [a, b] = [this.of(one), this.of(other)];
    this.#parent[Math.max(a, b)] = Math.min(a, b);
  }
}
