import { type Activation, activate } from "../activation.ts";

export interface ClassScore {
  readonly class_id: number;
  readonly class_name: string;
  readonly confidence: number;
}

/** The probability of each class, by its number. */
export function classScores(values: Float32Array, activation: Activation, names: readonly string[]): ClassScore[] {
  const shares = activate(activation, Float64Array.from(values));
  return Array.from(shares, (share, class_id) => ({
    class_id,
    class_name: names[class_id] ?? String(class_id),
    // The last digits depend on the processor.
    confidence: Math.round(share * 10_000) / 10_000,
  }));
}
