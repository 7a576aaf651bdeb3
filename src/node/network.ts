/** An HTTP server for one node. Everything has a bound; the host adds those the protocol itself needs. */
export interface ServeOptions {
  /** Always said: a server without one would be open to every machine. */
  hostname: string;
  /** 0 takes a free one. */
  port: number;
  /** A longer body is refused; the handler may refuse it first, with a better answer. */
  maxBodyBytes: number;
  /** Seconds a request may take to arrive, and a silent connection is kept. */
  idleSec: number;
  tls?: ServeTls;
  /** Answers one request. It should not throw: the sender would get a bare 500. */
  handle(request: Request, peer: Peer): Response | Promise<Response>;
}

/** PEM texts. */
export interface ServeTls {
  cert: string;
  key: string;
  /** Clients must show a certificate that one of these signed. */
  ca?: string;
}

/** Who sent a request. */
export interface Peer {
  /** IP address; empty when the connection is gone already. */
  readonly address: string;
  /** The request is there: from now on its connection may be silent for as long as the answer takes. */
  takeTime(): void;
}

export interface Listener {
  /** The one that was taken. */
  readonly port: number;
  /** Takes no new connections, waits for the answers under way for at most `graceMs`, then closes what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Starts a server, or rejects with an Error that says what to do. */
export type Serve = (options: ServeOptions) => Promise<Listener>;

/** Addresses of a host name, best first; rejects when there is none. */
export type Resolve = (name: string) => Promise<readonly string[]>;
