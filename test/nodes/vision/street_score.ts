export interface Sighting {
  bbox: { x1: number; y1: number; x2: number; y2: number };
  track_id?: number;
}

export interface Score {
  /** Labels that have a box. */
  found: number;
  /** Middles of the boxes that have no label. */
  nobody: (readonly [x: number, y: number])[];
  /** Who had another id than at the label before, once for each time. */
  switched: string[];
  /** Different ids in all pictures, labelled or not. */
  tracks: number;
}

/** A person is 20 to 40 pixels wide and 50 to 110 high, and labels are good to a few pixels. */
const NEAR = { x: 15, y: 25 };

/** What was seen, by picture, against labels: by picture and name the middle of a person. */
export function scored(
  seen: ReadonlyMap<number, readonly Sighting[]>,
  labels: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>,
): Score {
  const score: Score = { found: 0, nobody: [], switched: [], tracks: 0 };
  const ids = new Map<string, number | undefined>();
  for (const [picture, people] of Object.entries(labels)) {
    const left = [...(seen.get(Number(picture)) ?? [])];
    for (const [name, [x, y]] of Object.entries(people)) {
      const at = left.findIndex((each) => isNear(middle(each), [x!, y!]));
      if (at === -1) continue;
      const [{ track_id }] = left.splice(at, 1) as [Sighting];
      score.found += 1;
      if (ids.has(name) && ids.get(name) !== track_id) score.switched.push(name);
      ids.set(name, track_id);
    }
    score.nobody.push(...left.map(middle));
  }
  score.tracks = new Set([...seen.values()].flat().map(({ track_id }) => track_id)).size;
  return score;
}

const middle = ({ bbox: { x1, y1, x2, y2 } }: Sighting) => [(x1 + x2) / 2, (y1 + y2) / 2] as const;

const isNear = ([x, y]: readonly [number, number], [atX, atY]: readonly [number, number]) =>
  Math.abs(x - atX) < NEAR.x && Math.abs(y - atY) < NEAR.y;
