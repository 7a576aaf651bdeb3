/**
 * A whole number that was written as a float (`20.0`), kept apart from the integer `20`.
 *
 * The predecessor's event keys and JSON text show the difference, JavaScript's numbers do not.
 * Only the compatibility reading of a graph makes these; arithmetic and comparison see the value.
 */
export class WholeFloat extends Number {}

/** True for a number and for a {@link WholeFloat}. */
export function isNumeric(value: unknown): value is number | WholeFloat {
  return typeof value === "number" || value instanceof WholeFloat;
}
