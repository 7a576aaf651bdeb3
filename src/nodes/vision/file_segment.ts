/** A part of a path that leads nowhere else: letters and digits of any script, `_`, `-`, and dots not in front. */
export const fileSegment = (value: unknown): string =>
  String(value)
    .slice(0, 100)
    .replace(/[^\p{L}\p{N}_.-]/gu, "_")
    .replace(/^\.+|^$/, "_");

/** A time as part of a file's name: every character but digits, letters, `_` and `-` is `_`. */
export const fileTime = (ts: string): string => ts.replace(/[^0-9A-Za-z_-]/g, "_");
