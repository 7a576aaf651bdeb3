/** Names of environment variables and `--set` keys whose value is never shown. */
export const SECRET_NAME = /pass|secret|token|key/i;

/** `rtsp://user:secret@host` without the secret; the user name stays. The scheme is bounded for linear time. */
const CREDENTIALS = /([a-z][a-z0-9+.-]{0,31}:\/\/[^\s/?#:@"']*):[^\s/?#"']*@/gi;
/** Messages clip long values, so the start of a secret is hidden from this many characters on. */
const START = 8;

export const HIDDEN = "***";

/** `?token=secret` of an address; a variable in its place is none. Names are bounded for linear time. */
const QUERY = /([?&][\w.-]{0,32}?(?:pass|secret|token|key)[\w.-]{0,32}=)(?!\$\{)[^\s&#"'<>]+/gi;

/** Hides the passwords of addresses, and what their queries call a secret. */
export function hideCredentials(text: string): string {
  if (!text.includes("://")) return text;
  return text.replace(CREDENTIALS, `$1:${HIDDEN}@`).replace(QUERY, `$1${HIDDEN}`);
}

/** Hides each of `secrets` wherever it stands, longest first, and the passwords of URLs. */
export function hideSecrets(text: string, secrets: Iterable<string>): string {
  let hidden = text;
  const spellings = [...secrets].flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), ...linesOf(secret)]);
  for (const secret of new Set(spellings.sort((a, b) => b.length - a.length))) {
    // Three characters and less would hide half of any message; values that short are hidden where they are shown.
    if (secret.length > 3) hidden = hideStarts(hidden.replaceAll(secret, HIDDEN), secret);
  }
  return hideCredentials(hidden);
}

/** Lines of a secret with several, such as a key file: a message may quote one of them. */
function linesOf(secret: string): string[] {
  return secret.includes("\n") ? secret.split(/\r?\n/).filter((line) => line.length >= START) : [];
}

/** Hides the start of `secret` where its rest was cut off. */
function hideStarts(text: string, secret: string): string {
  if (secret.length <= START) return text;
  const [before, ...rest] = text.split(secret.slice(0, START));
  const tails = rest.map((tail) => {
    let more = 0;
    while (more < tail.length && tail[more] === secret[START + more]) more += 1;
    return HIDDEN + tail.slice(more);
  });
  return before + tails.join("");
}

/** Control characters could steer the terminal that shows them. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
