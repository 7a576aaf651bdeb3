import type { ConfigIssue } from "../../node/index.ts";
import type { Point } from "./geometry.ts";
import type { Units } from "./watch_config.ts";
import { readZones } from "./zones.ts";

/** Nothing that stands on a picture lies so far outside of it, in parts of its size; a zone may reach over its edge. */
const FAR = 2;

/**
 * A drawing in the other unit is valid and holds nothing for ever, so it is said before the run. `units` is undefined
 * for nodes that know pixels only.
 */
export function scaleIssue(path: (string | number)[], points: readonly Point[], units?: Units): ConfigIssue[] {
  const numbers = points.flatMap(({ x, y }) => [Math.abs(x), Math.abs(y)]);
  if (units !== "fraction" && numbers.every((value) => value <= 1)) {
    const also = units === undefined ? "" : ", or set units: fraction";
    return [
      warning(
        path,
        "is one pixel large at most: its numbers look like parts of the picture",
        `write pixels of the frames${also}`,
      ),
    ];
  }
  if (units !== "fraction" || numbers.every((value) => value <= FAR)) return [];
  return [
    warning(
      path,
      "is not in parts of the picture: its numbers look like pixels",
      "write 0 to 1, or leave out units: fraction",
    ),
  ];
}

/** The same for a list of zones; those that are no zones are others' to tell. */
export const zoneScaleIssues = (zones: readonly unknown[], units?: Units): ConfigIssue[] =>
  zones.flatMap((zone, at) =>
    readZones([zone]).zones.flatMap(({ polygon }) => scaleIssue(["zones", at, "polygon"], polygon, units)),
  );

const warning = (path: (string | number)[], message: string, hint: string): ConfigIssue => ({
  path,
  message,
  hint,
  severity: "warning",
});
