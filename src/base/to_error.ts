/** What was thrown, as an error whose message is text. A plugin may throw anything at all, and this never does. */
export function toError(thrown: unknown): Error {
  try {
    if (!(thrown instanceof Error)) return new Error(String(thrown));
    const { message } = thrown;
    return typeof message === "string" ? thrown : new Error(String(message), { cause: thrown });
  } catch {
    return new Error("a value was thrown that cannot be shown as text");
  }
}
