/** What makes probabilities of a model's numbers: `softmax` one class of many, `sigmoid` each on its own. */
export const ACTIVATIONS = ["softmax", "sigmoid", "none"] as const;

export type Activation = (typeof ACTIVATIONS)[number];

const APPLY: Record<Activation, (values: Float64Array) => Float64Array> = {
  none: (values) => values,
  sigmoid: (values) => values.map((value) => 1 / (1 + Math.exp(-value))),
  softmax(values) {
    const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const powers = values.map((value) => Math.exp(value - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / sum);
  },
};

export const activate = (activation: Activation, values: Float64Array): Float64Array => APPLY[activation](values);
