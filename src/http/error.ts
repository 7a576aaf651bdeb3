/** Codes of what can keep the HTTP server from starting. */
export type HttpErrorCode = "HTTP_LISTEN" | "HTTP_EXPOSED" | "HTTP_IN_USE" | "HTTP_ADDRESS" | "HTTP_TOKEN";

/** Says why the server cannot start, with the value and what to do. */
export class HttpError extends Error {
  readonly code: HttpErrorCode;
  readonly hint: string;

  constructor(code: HttpErrorCode, message: string, hint: string) {
    super(message);
    this.name = "HttpError";
    this.code = code;
    this.hint = hint;
  }
}
