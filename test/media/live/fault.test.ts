import { describe, expect, test } from "bun:test";
import { faultOf } from "../../../src/media/live/fault.ts";

const remains = { error: "cannot decode cam: ffmpeg ended with code 1", ranMs: 100, streamed: false, timeoutMs: 5_000 };

/** What ffmpeg 5.1 wrote, and what it means. */
const SAID: readonly (readonly [kind: string, ...complaints: string[]])[] = [
  [
    "password",
    "method DESCRIBE failed: 401 Unauthorized",
    "rtsp://cam/1: Server returned 401 Unauthorized (authorization failed)",
  ],
  ["password", "rtsp://cam/1: Server returned 403 Forbidden (access denied)"],
  ["path", "method DESCRIBE failed: 404 Not Found", "rtsp://cam/1: Server returned 404 Not Found"],
  [
    "refused",
    "Connection to tcp://127.0.0.1:1?timeout=0 failed: Connection refused",
    "rtsp://cam/1: Connection refused",
  ],
  [
    "name",
    "Failed to resolve hostname nosuch.invalid: Name or service not known",
    "rtsp://nosuch.invalid/x: Input/output error",
  ],
  ["unreachable", "Connection to tcp://10.255.255.1:554 failed: No route to host"],
  ["transport", "method SETUP failed: 461 Unsupported Transport", "rtsp://cam/1: Protocol not supported"],
  ["no_stream", "Could not find codec parameters for stream 0 (Video: h264, none): unspecified size"],
  ["silent", "Could not find codec parameters for stream 0", "rtsp://cam/1: Connection timed out"],
  ["busy", "ioctl(VIDIOC_STREAMON): Device or resource busy", "/dev/video0: Device or resource busy"],
  [
    "missing",
    "Cannot open video device /dev/video0: No such file or directory",
    "/dev/video0: No such file or directory",
  ],
  ["permission", "Cannot open video device /dev/video0: Permission denied"],
  ["not_rtsp", "rtsp://cam/1: Invalid data found when processing input"],
  ["tls", "rtsps://cam/1: Protocol not found"],
  ["other", "rtsp://cam/1: Cannot allocate memory"],
];

describe("what ffmpeg says about a camera", () => {
  test.each(SAID)("means %s", (kind, ...complaints) => {
    const found = faultOf({ ...remains, complaints });
    expect(found).toMatchObject({ kind: kind as never, hint: expect.stringMatching(/\w{3,}/) });
    expect(complaints).toContain(found.text);
  });

  test("when nothing came for as long as it waits is that the camera is silent", () => {
    const complaints = ["rtsp://cam/1: Invalid data found when processing input"];
    expect(faultOf({ ...remains, complaints, ranMs: 5_100 }).kind).toBe("silent");
  });

  test("in the middle of a stream is not why the stream ended", () => {
    const complaints = ["method GET_PARAMETER failed: 401 Unauthorized", "Invalid NAL unit 0, skipping."];
    const found = faultOf({ ...remains, error: undefined, complaints, streamed: true });
    expect(found.kind).toBe("ended");
  });

  test("is that it crashed, when a signal ended it", () => {
    const error = "cannot decode cam: ffmpeg was ended by SIGSEGV";
    expect(faultOf({ ...remains, error, complaints: [], streamed: true }).kind).toBe("crashed");
  });

  test.each([undefined, "cannot decode cam: there is no picture in it, or none in the part that was asked for"])(
    "is told even when it said nothing (%p)",
    (error) => {
      const found = faultOf({ ...remains, error, complaints: [], streamed: false });
      expect(found).toMatchObject({ kind: "ended", text: "ffmpeg ended before the first picture" });
    },
  );

  test("stays one line of a log", () => {
    expect(faultOf({ ...remains, complaints: ["x".repeat(10_000)] }).text).toHaveLength(300);
  });
});
