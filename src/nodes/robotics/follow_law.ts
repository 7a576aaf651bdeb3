import { isNumeric } from "../../packet/index.ts";

/** How a robot follows; see the config of `person_follow`. */
export interface FollowLaw {
  readonly person_class_ids: readonly number[];
  readonly person_class_names: readonly string[];
  readonly min_confidence: number;
  readonly target_select: "largest" | "center";
  readonly desired_height_ratio: number;
  readonly height_ratio_tolerance: number;
  readonly linear_kp: number;
  readonly angular_kp: number;
  readonly max_linear: number;
  readonly min_linear: number;
  readonly max_angular: number;
  readonly center_error_for_linear: number;
  readonly allow_reverse: boolean;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Person {
  readonly bbox: { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number };
  readonly confidence: number;
}

/** Those of a list of detections that may be followed. What is no detection is none of them. */
export function candidates(detections: readonly unknown[], law: FollowLaw): Person[] {
  return detections.flatMap((detection) => {
    const person = personOf(detection, law);
    return person === undefined ? [] : [person];
  });
}

function personOf(detection: unknown, law: FollowLaw): Person | undefined {
  if (!isMap(detection) || !isMap(detection.bbox)) return undefined;
  const { x1, y1, x2, y2 } = detection.bbox;
  if (![x1, y1, x2, y2].every(isNumeric) || !isPerson(detection, law)) return undefined;
  const bbox = { x1: Number(x1), y1: Number(y1), x2: Number(x2), y2: Number(y2) };
  const confidence = isNumeric(detection.confidence) ? Number(detection.confidence) : 0;
  // Of a box without end there is no middle, and a speed of NaN is none that a robot understands.
  if (!Object.values(bbox).every(Number.isFinite)) return undefined;
  // Written so that a NaN makes none.
  const usable = confidence >= law.min_confidence && bbox.x2 > bbox.x1 && bbox.y2 > bbox.y1;
  return usable ? { bbox, confidence } : undefined;
}

function isPerson({ class_id, class_name, label }: Record<string, unknown>, law: FollowLaw): boolean {
  if (isNumeric(class_id) && law.person_class_ids.includes(Number(class_id))) return true;
  return [class_name, label].some((name) => typeof name === "string" && law.person_class_names.includes(name));
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The one to follow; of equals the first. */
export function choose(people: readonly Person[], { width }: Size, by: FollowLaw["target_select"]): Person | undefined {
  const rank = ({ bbox: { x1, y1, x2, y2 } }: Person) =>
    by === "largest" ? (x2 - x1) * (y2 - y1) : -Math.abs((x1 + x2) / 2 - width / 2);
  let best: Person | undefined;
  for (const person of people) if (best === undefined || rank(person) > rank(best)) best = person;
  return best;
}

/**
 * Speed ahead and of turning towards a person. Both follow what is wrong: the height of the box for the distance, its
 * offset from the middle for the direction; who is far from the middle is turned to before anything else.
 */
export function follow({ bbox }: Person, { width, height }: Size, law: FollowLaw) {
  const error = limit(((bbox.x1 + bbox.x2) / 2 - width / 2) / (width / 2), 1);
  const ratio = (bbox.y2 - bbox.y1) / height;
  // The sign is the predecessor's: a person in the very middle gives -0.
  return { linear: ahead(ratio, error, law), angular: limit(-law.angular_kp * error, law.max_angular), error, ratio };
}

function ahead(ratio: number, error: number, law: FollowLaw): number {
  const missing = law.desired_height_ratio - ratio;
  if (Math.abs(missing) <= law.height_ratio_tolerance || Math.abs(error) > law.center_error_for_linear) return 0;
  const wanted = limit(law.linear_kp * missing, law.max_linear);
  const speed = law.allow_reverse ? wanted : Math.max(wanted, 0);
  // Below its least speed a robot hums and stands.
  return speed !== 0 && Math.abs(speed) < law.min_linear ? Math.sign(speed) * law.min_linear : speed;
}

const limit = (value: number, most: number) => Math.max(-most, Math.min(most, value));
