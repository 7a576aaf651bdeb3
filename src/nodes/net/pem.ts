import type { Files } from "../../node/index.ts";

/** A PEM text as it stands in the config (from a secret), or the one in the file that the config names. */
export function pemText(value: string, files: Files): string {
  if (value.includes("-----BEGIN ")) return value;
  let text: string;
  try {
    text = files.readText(value);
  } catch (error) {
    throw new Error(`cannot read the certificate or key ${files.resolve(value)}: ${(error as Error).message}`);
  }
  if (text.includes("-----BEGIN ")) return text;
  throw new Error(`cannot use ${files.resolve(value)} as a certificate or key: it is not PEM, which begins -----BEGIN`);
}
