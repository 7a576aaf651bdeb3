import type { Exchange } from "../../node/index.ts";
import type { CameraAddress } from "./address.ts";

/** Whether a camera is there, at little cost. Never rejects. */
export type Probe = () => Promise<boolean>;

/**
 * 2 s: ten round trips over a bad link. It is less than the time from one probe to the next, so they never pile up.
 */
const TIMEOUT_MS = 2_000;

/**
 * Asks the camera for anything at all, without credentials: an answer of any status shows that it works again, while
 * a camera that hangs takes connections, as its kernel does that. Over TLS a connection has to do.
 */
export function probeCamera(exchange: Exchange, { scheme, hostname, port, plain }: CameraAddress): Probe {
  const send = question(scheme, plain, hostname);
  return async () => {
    try {
      await exchange({ hostname, port, send, timeoutMs: TIMEOUT_MS });
      return true;
    } catch {
      return false;
    }
  };
}

function question(scheme: string, plain: string, hostname: string): string {
  if (scheme === "rtsp") return `OPTIONS ${plain} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: schnitzel\r\n\r\n`;
  if (scheme !== "http") return "";
  const path = /^http:\/\/[^/?#]*([^#]*)/i.exec(plain)?.[1] || "/";
  return `HEAD ${path} HTTP/1.1\r\nHost: ${hostname}\r\nUser-Agent: schnitzel\r\nConnection: close\r\n\r\n`;
}
