import type { SinkConfig } from "./sink_config.ts";

/** A shorter secret would blank ordinary words where it is hidden. */
const MIN_SECRET = 8;

/** The headers of every request, names in lower case (`host` when it is another than the address), and the values that must not be shown anywhere. */
export function sinkHeaders({ auth, headers, content_type, batch }: SinkConfig, host: string | undefined) {
  const credentials = credentialsOf(auth);
  const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const type = batch?.format === "ndjson" ? "application/x-ndjson" : content_type;
  const password = auth !== undefined && "basic" in auth ? [auth.basic.password] : [];
  const token = credentials.authorization?.replace(/^\w+ /, "");
  const secrets = [...password, ...(token === undefined ? [] : [token]), ...Object.values(own)];
  return {
    headers: { "content-type": type, "user-agent": "schnitzel", ...own, ...credentials, ...(host && { host }) },
    secrets: secrets.filter((secret) => secret.length >= MIN_SECRET),
  };
}

function credentialsOf(auth: SinkConfig["auth"]): { authorization?: string } {
  if (auth === undefined) return {};
  if ("bearer" in auth) return { authorization: `Bearer ${auth.bearer}` };
  const { user, password } = auth.basic;
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}
