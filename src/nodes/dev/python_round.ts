/** `round(value, 6)` as Python does it: exactly, and of two as near the even one. */
export function roundedTo6(value: number): number {
  // Exact decimals: a tie is seen in them, which toFixed would round away from zero.
  const text = Math.abs(value).toFixed(20);
  const dot = text.indexOf(".");
  const rest = text.slice(dot + 7);
  const up = Number(Math.abs(value).toFixed(6));
  const isTie = /^50*$/.test(rest) && Math.abs(value) === Number(text);
  if (!isTie) return Math.sign(value) * up;
  const down = Number(text.slice(0, dot + 7));
  return Math.sign(value) * (Number(text[dot + 6]) % 2 === 0 ? down : up);
}
