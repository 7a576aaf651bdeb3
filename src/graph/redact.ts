/** Names of environment variables and `--set` keys whose value is never shown. */
export const SECRET_NAME = /pass|secret|token|key/i;

/** `rtsp://user:secret@host` without the secret; the user name stays. */
const CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/[^\s/?#:@"']*):[^\s/?#"']*@/gi;

export const HIDDEN = "***";

export function hideCredentials(text: string): string {
  return text.includes("://") ? text.replace(CREDENTIALS, `$1:${HIDDEN}@`) : text;
}

/** Hides each of `secrets` wherever it stands, longest first, and the passwords of URLs. */
export function hideSecrets(text: string, secrets: Iterable<string>): string {
  let hidden = text;
  const spellings = [...secrets].flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  for (const secret of new Set(spellings.sort((a, b) => b.length - a.length))) {
    // Three characters and less would hide half of any message; values that short are hidden where they are shown.
    if (secret.length > 3) hidden = hidden.replaceAll(secret, HIDDEN);
  }
  return hideCredentials(hidden);
}

/** Control characters could steer the terminal that shows them. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
