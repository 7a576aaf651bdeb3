import * as fs from "node:fs";
import * as net from "node:net";
import { type AccessUnit, accessUnits, type Codec } from "./rtsp/access_units.ts";
import { challenge, type Login, proves } from "./rtsp/login.ts";
import { sdp } from "./rtsp/sdp.ts";
import { Session } from "./rtsp/session.ts";

/**
 * How a camera can be ill. `mute` takes connections and says nothing; `half_open` goes silent in the middle of its
 * stream and leaves the connection open; `garbage` sends noise in place of pictures; `no_udp_data` promises UDP and
 * sends nothing by it; `options_only` answers nothing but OPTIONS.
 */
export type Illness = "none" | "mute" | "half_open" | "garbage" | "no_udp_data" | "options_only";

export interface Clip {
  /** Annex-B with access unit delimiters. */
  file: string;
  codec: Codec;
  fps: number;
}

export interface RtspOptions {
  clip: Clip;
  /** Default 0: a free one. */
  port?: number;
  /** Default `/yard`; others are not found. */
  path?: string;
  login?: Login | undefined;
  /** A tone of 440 Hz as G.711 µ-law beside the pictures. */
  audio?: boolean;
  /** Default both. */
  transports?: readonly ("tcp" | "udp")[];
  illness?: Illness;
}

export interface RtspServer {
  readonly port: number;
  readonly url: string;
  /** Holds for connections that are there as well. */
  illness: Illness;
  /** What it plays from its next picture on; a size other than before is the point of it. */
  play(clip: Clip): void;
  /** Streams that are being played now. */
  readonly playing: number;
  /** Connections taken so far. */
  readonly accepted: number;
  /** Methods asked, in order: at most the last 1,000. */
  readonly asked: readonly string[];
  /** Cuts every connection without a word. */
  cut(): void;
  close(): Promise<void>;
}

export interface Reel {
  clip: Clip;
  units: readonly AccessUnit[];
}

const load = (clip: Clip): Reel => ({ clip, units: accessUnits(clip.codec, fs.readFileSync(clip.file)) });

/** The project's own camera: RTSP over TCP and UDP, one clip for ever, healthy or ill. */
export async function rtspServer(options: RtspOptions): Promise<RtspServer> {
  const { path = "/yard", login, audio = false, transports = ["tcp", "udp"] } = options;
  const sessions = new Set<Session>();
  const asked: string[] = [];
  const camera = {
    reel: load(options.clip),
    illness: options.illness ?? ("none" as Illness),
    audio,
    transports,
    /** What stands in the way of a request; undefined lets it pass. */
    refuse(method: string, url: string, authorization: string | undefined): string[] | undefined {
      asked.push(method);
      if (asked.length > 1_000) asked.shift();
      if (method === "OPTIONS") return undefined;
      if (login !== undefined && !proves(authorization, method, login)) {
        return ["401 Unauthorized", `WWW-Authenticate: ${challenge(login)}`];
      }
      const { pathname } = new URL(url);
      return pathname === path || pathname.startsWith(`${path}/`) ? undefined : ["404 Not Found"];
    },
    describe: () => sdp(camera.reel.clip.codec, camera.reel.units, camera.reel.clip.fps, audio),
  };
  let accepted = 0;
  const server = net.createServer((socket) => {
    accepted += 1;
    const session = new Session(socket, camera);
    sessions.add(session);
    socket.on("close", () => sessions.delete(session));
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(options.port ?? 0, "127.0.0.1", resolve);
  await promise;
  const { port } = server.address() as net.AddressInfo;
  const cut = () => {
    for (const session of sessions) session.cut();
  };
  return {
    port,
    url: `rtsp://127.0.0.1:${port}${path}`,
    asked,
    get illness() {
      return camera.illness;
    },
    set illness(illness) {
      camera.illness = illness;
    },
    play: (clip) => {
      camera.reel = load(clip);
    },
    get playing() {
      return [...sessions].filter(({ playing }) => playing).length;
    },
    get accepted() {
      return accepted;
    },
    cut,
    async close() {
      cut();
      await new Promise((done) => server.close(done));
    },
  };
}

// As a program of its own, so that it can be killed and stopped: options as JSON, its port as the first line.
if (import.meta.main) {
  const { url } = await rtspServer(JSON.parse(process.argv[2]!) as RtspOptions);
  process.stdout.write(`${url}\n`);
}
