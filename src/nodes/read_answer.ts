/** True when a body says that it is not longer than that, so that all of it can be read at once. */
export function isShort({ headers }: Response, maxBytes: number): boolean {
  const length = headers.get("content-length");
  return length !== null && Number(length) <= maxBytes;
}

/** Reads a body to its end, or to `maxBytes` and cancels the rest: one left alone would keep its connection for ever. */
export async function readStart({ body }: Response, maxBytes: number): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    chunks.push(step.value);
    bytes += step.value.length;
    if (bytes <= maxBytes) continue;
    await reader.cancel();
    break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString("utf8");
}
