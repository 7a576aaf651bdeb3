/** An address of the old sender, which may have held who sends; ours has that apart. */
export interface SplitAddress {
  url: string;
  basic?: { user: string; password: string };
}

/** One character of an address, or a variable, whose default may have any. */
const PIECE = "(?:\\$\\{[^}]*\\}|[^/?#@$])";
const WITH_USER = new RegExp(`^(https?://)(${PIECE}*)@(.*)$`, "is");
const USER = /^((?:\$\{[^}]*\}|[^:$])*)(?::(.*))?$/s;

/** Takes user and password out of an address, and the part behind `#`, which was never sent. */
export function splitAddress(written: string): SplitAddress {
  const [, scheme = "", who = "", rest = ""] = WITH_USER.exec(written) ?? [];
  const url = (scheme === "" ? written : scheme + rest).replace(/#[^}]*$/, "");
  if (scheme === "") return { url };
  const [, user = "", password = ""] = USER.exec(who) ?? [];
  return { url, basic: { user: decoded(user), password: decoded(password) } };
}

/** In an address, what is not plain stands percent-encoded; what a variable gives is taken as it is. */
function decoded(text: string): string {
  if (text.includes("${")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
