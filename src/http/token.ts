import { createHash, timingSafeEqual } from "node:crypto";
import type { Stats } from "node:fs";
import { HttpError } from "./error.ts";

/** Sixteen random letters hold more than 64 bits; fewer can be tried over a network. */
const MIN_LENGTH = 16;
const READABLE_BY_OTHERS = 0o077;

/** The two calls on the disk that reading a token needs; `Files` of a node context has them. */
export interface TokenFiles {
  stat(file: string): Stats;
  readText(file: string): string;
}

/** Reads a token from a file that only its owner can read. */
export function readTokenFile(file: string, files: TokenFiles, platform = process.platform): string {
  const fail = (fact: string, hint: string) =>
    new HttpError("HTTP_TOKEN", `Cannot read the HTTP token from ${file} as ${fact}`, hint);
  let stat: Stats;
  let text: string;
  try {
    stat = files.stat(file);
    text = files.readText(file);
  } catch (error) {
    throw fail((error as Error).message, "write the token into that file, readable by its owner only");
  }
  // Windows has no such mode bits; there the folder's access list decides.
  if (platform !== "win32" && (stat.mode & READABLE_BY_OTHERS) !== 0) {
    throw fail(`others can read it (mode ${(stat.mode & 0o777).toString(8)})`, `chmod 600 ${file}`);
  }
  return checkToken(text.trim(), file);
}

/** Refuses a token that is too short or cannot stand in a header. `from` names its origin, never its value. */
export function checkToken(token: string, from: string): string {
  if (token.length >= MIN_LENGTH && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new HttpError(
    "HTTP_TOKEN",
    `Cannot use the HTTP token from ${from} as it must be at least ${MIN_LENGTH} printable ASCII characters without spaces: it has ${token.length} characters`,
    "make one with: openssl rand -hex 32",
  );
}

/** Compares in constant time; hashing first makes the lengths equal and hides them. */
export function tokenMatches(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
