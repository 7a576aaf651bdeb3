import * as dgram from "node:dgram";
import type * as net from "node:net";
import type { Illness, Reel } from "../rtsp_server.ts";
import { interleaved, RtpStream } from "./rtp.ts";
import { TONE_STEP, tone } from "./tone.ts";

/** The server, as one connection sees it. */
interface Camera {
  readonly reel: Reel;
  readonly illness: Illness;
  readonly audio: boolean;
  readonly transports: readonly ("tcp" | "udp")[];
  refuse(method: string, url: string, authorization: string | undefined): string[] | undefined;
  describe(): string;
}

/** Sends what a track has. */
type Send = (packet: Uint8Array) => void;

/** A reader this far behind gets no more until it has read: 8 MiB. */
const BEHIND_BYTES = 8 * 1024 * 1024;
const VIDEO_CLOCK = 90_000;

/** One connection and what it is being sent. */
export class Session {
  playing = false;
  readonly #socket: net.Socket;
  readonly #camera: Camera;
  readonly #tracks = new Map<number, Send>();
  readonly #closing: (() => void)[] = [];
  #input = "";
  #timers: Timer[] = [];

  constructor(socket: net.Socket, camera: Camera) {
    this.#socket = socket;
    this.#camera = camera;
    socket.on("data", (bytes) => this.#read(bytes as Buffer));
    socket.on("error", () => {});
    socket.on("close", () => this.#end());
  }

  cut() {
    this.#socket.resetAndDestroy();
    this.#end();
  }

  #end() {
    this.playing = false;
    for (const timer of this.#timers) clearInterval(timer);
    for (const close of this.#closing.splice(0)) close();
    this.#timers = [];
  }

  /** Takes whole requests out of what has come; receiver reports come in frames and are passed over. */
  #read(bytes: Uint8Array) {
    if (this.#camera.illness === "mute") return;
    this.#input += Buffer.from(bytes).toString("latin1");
    for (;;) {
      if (this.#input.startsWith("$")) {
        if (this.#input.length < 4) return;
        const length = 4 + this.#input.charCodeAt(2) * 256 + this.#input.charCodeAt(3);
        if (this.#input.length < length) return;
        this.#input = this.#input.slice(length);
        continue;
      }
      const end = this.#input.indexOf("\r\n\r\n");
      if (end < 0) return;
      const request = this.#input.slice(0, end);
      this.#input = this.#input.slice(end + 4);
      void this.#answer(request);
    }
  }

  async #answer(request: string) {
    const [first = "", ...lines] = request.split("\r\n");
    const [method = "", url = ""] = first.split(" ");
    const headers = new Map(lines.map((line) => [line.split(":")[0]!.toLowerCase(), line.replace(/^[^:]*:\s*/, "")]));
    const say = (status: string, more: readonly string[] = [], body = "") =>
      this.#socket.write([`RTSP/1.0 ${status}`, `CSeq: ${headers.get("cseq") ?? 0}`, ...more, "", body].join("\r\n"));
    const refused = this.#camera.refuse(method, url, headers.get("authorization"));
    if (refused !== undefined) return say(refused[0]!, refused.slice(1));
    if (method === "OPTIONS") return say("200 OK", ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"]);
    if (this.#camera.illness === "options_only") return;
    if (method === "DESCRIBE") {
      const body = this.#camera.describe();
      return say(
        "200 OK",
        [`Content-Base: ${url}/`, "Content-Type: application/sdp", `Content-Length: ${body.length}`],
        body,
      );
    }
    if (method === "SETUP") return this.#setUp(url, headers.get("transport") ?? "", say);
    if (method === "PLAY") {
      say("200 OK", ["Session: 1", "Range: npt=0-"]);
      return this.#play();
    }
    say("200 OK", ["Session: 1"]);
    if (method === "TEARDOWN") this.#socket.end();
  }

  async #setUp(url: string, transport: string, say: (status: string, more?: readonly string[]) => void) {
    const track = Number(/trackID=(\d+)/.exec(url)?.[1] ?? 0);
    const [, channel] = /interleaved=(\d+)/.exec(transport) ?? [];
    const [, port] = /client_port=(\d+)/.exec(transport) ?? [];
    if (channel !== undefined && this.#camera.transports.includes("tcp")) {
      this.#tracks.set(track, (packet) => void this.#socket.write(interleaved(Number(channel), packet)));
      return say("200 OK", [
        `Transport: RTP/AVP/TCP;unicast;interleaved=${channel}-${Number(channel) + 1}`,
        "Session: 1",
      ]);
    }
    if (port === undefined || !this.#camera.transports.includes("udp")) return say("461 Unsupported Transport");
    const from = await this.#sendByUdp(track, Number(port));
    say("200 OK", [
      `Transport: RTP/AVP;unicast;client_port=${port}-${Number(port) + 1};server_port=${from}-${from + 1}`,
      "Session: 1",
    ]);
  }

  async #sendByUdp(track: number, port: number): Promise<number> {
    const socket = dgram.createSocket("udp4");
    await new Promise<void>((bound) => socket.bind(0, "127.0.0.1", bound));
    socket.on("error", () => {});
    this.#closing.push(() => socket.close());
    this.#tracks.set(track, (packet) => {
      if (this.#camera.illness !== "no_udp_data") socket.send(packet, port, "127.0.0.1");
    });
    return socket.address().port;
  }

  #play() {
    this.playing = true;
    const [video, audio] = [this.#tracks.get(0), this.#tracks.get(1)];
    if (video !== undefined) this.#playPictures(video);
    if (audio !== undefined) this.#playTone(audio);
  }

  #playPictures(send: Send) {
    const stream = new RtpStream(96, 0x11111111);
    let at = 0;
    let { reel } = this.#camera;
    const start = performance.now();
    let due = 0;
    const next = () => {
      const { illness } = this.#camera;
      // Another clip begins with its key frame.
      if (reel !== this.#camera.reel) [reel, at] = [this.#camera.reel, 0];
      while (performance.now() - start >= due) {
        const { units, clip } = reel;
        const packets = stream.picture(clip.codec, units[at % units.length]!, Math.round((due / 1_000) * VIDEO_CLOCK));
        at += 1;
        due += 1_000 / clip.fps;
        if (illness === "half_open" || this.#socket.writableLength > BEHIND_BYTES) continue;
        for (const packet of packets) send(illness === "garbage" ? noise(packet) : packet);
      }
    };
    next();
    // 5 ms: a picture is late by no more, whatever its rate.
    this.#timers.push(setInterval(next, 5));
  }

  #playTone(send: Send) {
    const stream = new RtpStream(0, 0x22222222);
    const start = performance.now();
    let sample = 0;
    const next = () => {
      while (performance.now() - start >= sample / 8) {
        if (this.#camera.illness !== "half_open") send(stream.packet(tone(sample), sample, sample === 0));
        sample += TONE_STEP;
      }
    };
    next();
    this.#timers.push(setInterval(next, 20));
  }
}

/** As long as what it stands for, with the header of RTP kept. */
function noise(packet: Uint8Array): Uint8Array {
  const bytes = crypto.getRandomValues(new Uint8Array(packet.length));
  bytes.set(packet.subarray(0, 12));
  return bytes;
}
