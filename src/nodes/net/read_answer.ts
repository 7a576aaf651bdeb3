/** Reads a body to its end, or to `maxBytes` and cancels the rest: one left alone would keep its connection for ever. */
export async function readAnswer(response: Response, maxBytes: number): Promise<string> {
  const length = response.headers.get("content-length");
  if (length !== null && Number(length) <= maxBytes) return response.text();
  if (response.body === null) return "";
  const reader = response.body.getReader();
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
