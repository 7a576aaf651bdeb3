import { gunzipSync } from "node:zlib";
import { Refusal, tooBig } from "./refusal.ts";

/** The length a request claims; undefined when its body comes in chunks. Bun refuses one that is no number. */
export function claimedBytes({ headers }: Request): number | undefined {
  const claimed = headers.get("content-length");
  return claimed === null ? undefined : Number(claimed);
}

/** The whole body, unpacked when it is gzip. Throws a {@link Refusal} when it is over `maxBytes`, either way. */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const claimed = claimedBytes(request);
  if (claimed !== undefined && claimed > maxBytes) throw tooBig(maxBytes);
  const packed = encodingOf(request);
  const bytes = claimed === undefined ? await readChunks(request, maxBytes) : await request.bytes();
  return packed === "gzip" ? unpack(bytes, maxBytes) : bytes;
}

function encodingOf({ headers }: Request): "gzip" | undefined {
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "") return undefined;
  if (encoding === "gzip") return "gzip";
  const message = `a body packed as "${encoding.slice(0, 40)}" cannot be read: send it plain or as gzip`;
  throw new Refusal(415, "CONTENT_ENCODING", message, { "Accept-Encoding": "gzip" });
}

async function readChunks({ body }: Request, maxBytes: number): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body.getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    length += step.value.length;
    if (length > maxBytes) {
      // Not awaited: the sender may go on for ever, and its connection is closed with the answer.
      void reader.cancel().catch(() => {});
      throw tooBig(maxBytes);
    }
    chunks.push(step.value);
  }
  return Buffer.concat(chunks);
}

function unpack(bytes: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooBig(maxBytes);
    throw new Refusal(400, "BAD_GZIP", `the body cannot be unpacked: ${message}`);
  }
}
