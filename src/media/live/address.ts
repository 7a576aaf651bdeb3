/** The address of a camera, taken apart. */
export interface CameraAddress {
  /** As ffmpeg gets it, with user and password. */
  readonly url: string;
  readonly scheme: string;
  readonly hostname: string;
  readonly port: number;
  /** Without user and password. */
  readonly plain: string;
  /** What people are shown. */
  readonly shown: string;
  /** Texts that must be shown nowhere: the password and the user, as written and decoded. */
  readonly secrets: readonly string[];
}

const PORTS: Readonly<Record<string, number>> = { rtsp: 554, rtsps: 322, http: 80, https: 443, rtmp: 1935 };

/** Credentials that are not written into the address. */
export interface Credentials {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** Throws an Error that says what is wrong, without the password. */
export function cameraAddress(
  text: string,
  schemes: readonly string[],
  { user, password }: Credentials = {},
): CameraAddress {
  const found = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text.trim());
  const scheme = found?.[1]?.toLowerCase() ?? "";
  if (found === null || !schemes.includes(scheme)) {
    throw new Error(`a camera's address must begin with ${schemes.map((name) => `${name}://`).join(" or ")}`);
  }
  const { login, rest } = splitLogin(found[2]!);
  const given = login === undefined ? [] : [login.user, login.password];
  const [name = "", word = ""] = [user ?? decoded(given[0] ?? ""), password ?? decoded(given[1] ?? "")];
  const place = parsePlace(scheme, rest);
  const plain = `${scheme}://${rest}`;
  return {
    url: name === "" && word === "" ? plain : `${scheme}://${encoded(name)}:${encoded(word)}@${rest}`,
    scheme,
    ...place,
    plain,
    // With a password of "a@b/c@", which should have been encoded, half of it stands behind the host.
    shown: login === undefined ? plain : plain.replace(/(:\/\/[^/?#]*[/?#]).*@/, "$1***@"),
    secrets: secretsOf([name, word, encoded(name), encoded(word), ...given]),
  };
}

/** Passwords are written by hand with `@`, `/` and `#` in them: the last `@` before the first `/` behind a host ends them. */
function splitLogin(text: string): { login?: { user: string; password: string }; rest: string } {
  const at = loginEnd(text);
  if (at < 0) return { rest: text };
  const [user = "", ...password] = text.slice(0, at).split(":");
  return { login: { user, password: password.join(":") }, rest: text.slice(at + 1) };
}

/**
 * The last `@` that a host may follow. One behind the first `/` counts only when what stands before has a user and is
 * no `host:port`: `admin:a/b@cam` has a password with a slash, `cam:554/live@2` a path with an at sign.
 */
function loginEnd(text: string): number {
  const authority = /^[^/?#]*/.exec(text)![0];
  if (authority.includes("@")) return authority.lastIndexOf("@");
  const user = /^[^:/?#]+:(?!\d{1,5}(?:[/?#]|$))/.test(text);
  return user ? text.lastIndexOf("@") : -1;
}

function parsePlace(scheme: string, rest: string): { hostname: string; port: number } {
  const found = /^(\[[0-9a-f:.%]+\]|[^\s:/?#[\]]+)(?::(\d{1,5}))?(?=[/?#]|$)/i.exec(rest);
  if (found === null) throw new Error(`${scheme}:// must be followed by a host: ${scheme}://192.168.1.20:554/stream1`);
  const port = found[2] === undefined ? (PORTS[scheme] ?? 0) : Number(found[2]);
  if (port < 1 || port > 65_535) throw new Error(`the port of a camera must be 1 to 65535: current value is ${port}`);
  return { hostname: found[1]!.replace(/^\[|\]$/g, ""), port };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A hand-written password with a lone "%".
    return text;
  }
}

/** Also what encodeURIComponent leaves as it is and a reader of addresses may stumble over. */
const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

/** Longest first, as one may contain another. A text of one letter would blank everything. */
const secretsOf = (texts: readonly string[]) =>
  [...new Set(texts)].filter(({ length }) => length > 1).sort((a, b) => b.length - a.length);

/** `text` without the address's user and password. */
export function withoutSecrets({ url, plain, shown, secrets }: CameraAddress, text: string): string {
  let result = text.replaceAll(url, shown).replaceAll(plain, shown);
  // Only as a login: a user called "cam" must not blank every "cam" of a message.
  for (const secret of secrets) {
    result = result
      .replaceAll(`${secret}@`, "***@")
      .replaceAll(`:${secret}`, ":***")
      .replaceAll(`//${secret}:`, "//***:");
  }
  return result;
}
