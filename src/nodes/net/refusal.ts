/** Why a request is not taken: a status, a stable code and a sentence that says what to do. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }

  response(): Response {
    const { status, code, message, headers } = this;
    return Response.json({ code, message }, { status, headers });
  }
}

/** Not now: the sender should ask again with the same key, after so many seconds. */
export function busy(code: string, message: string, retryAfterSec = 1): Refusal {
  return new Refusal(503, code, message, { "Retry-After": String(retryAfterSec) });
}

/** The rest of the body is not read, so the connection cannot be used for another request. */
export function tooBig(maxBytes: number): Refusal {
  return new Refusal(413, "BODY_TOO_BIG", `the body is over ${maxBytes} bytes: send less, or raise max_body_bytes`, {
    Connection: "close",
  });
}
