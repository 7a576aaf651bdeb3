/** The instant `posMs` after `startMs` (both since 1970), as ISO-8601 UTC with microseconds. */
export function isoMicros(startMs: number, posMs: number): string {
  const micros = Math.round(startMs * 1_000) + Math.round(posMs * 1_000);
  const ms = Math.floor(micros / 1_000);
  const rest = String(micros - ms * 1_000).padStart(3, "0");
  return new Date(ms).toISOString().replace("Z", `${rest}Z`);
}
