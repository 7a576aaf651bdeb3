import { createHash } from "node:crypto";

/** What a server asks for before it says anything about a stream. */
export interface Login {
  scheme: "basic" | "digest";
  user: string;
  password: string;
}

const REALM = "yard";
const NONCE = "5ca1ab1e";
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

export const challenge = ({ scheme }: Login): string =>
  scheme === "basic" ? `Basic realm="${REALM}"` : `Digest realm="${REALM}", nonce="${NONCE}"`;

/** Whether an Authorization header proves that its sender knows the password (RFC 2617). */
export function proves(header: string | undefined, method: string, login: Login): boolean {
  if (header === undefined) return false;
  if (login.scheme === "basic") {
    return header === `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
  }
  const fields = Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]));
  const secret = md5(`${login.user}:${REALM}:${login.password}`);
  const wanted = md5(`${secret}:${NONCE}:${md5(`${method}:${fields.uri}`)}`);
  return fields.username === login.user && fields.response === wanted;
}
