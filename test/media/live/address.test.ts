import { describe, expect, test } from "bun:test";
import { cameraAddress, withoutSecrets } from "../../../src/media/live/address.ts";

const parse = (text: string, login = {}) => cameraAddress(text, ["rtsp", "rtsps"], login);

describe("a camera's address", () => {
  test.each([
    ["rtsp://10.0.0.5/stream1", "10.0.0.5", 554, "rtsp://10.0.0.5/stream1"],
    ["rtsps://cam.lan:7441/a?b=c", "cam.lan", 7441, "rtsps://cam.lan:7441/a?b=c"],
    ["rtsp://admin:secret@cam:8554/yard", "cam", 8554, "rtsp://cam:8554/yard"],
    ["rtsp://[fe80::1]:554/x", "fe80::1", 554, "rtsp://[fe80::1]:554/x"],
    // Written by hand, with the marks of an address in the password.
    ["rtsp://admin:pa/w#rd@cam/yard", "cam", 554, "rtsp://cam/yard"],
    ["rtsp://admin:p@ss@cam:554/yard", "cam", 554, "rtsp://cam:554/yard"],
    // Nobody can tell whether this is a password or a path; what may be a password is not shown.
    ["rtsp://admin:p@ss/w#rd@cam/yard", "ss", 554, "rtsp://ss/***@cam/yard"],
    ["rtsp://cam:554/live@2", "cam", 554, "rtsp://cam:554/live@2"],
    ["RTSP://cam", "cam", 554, "rtsp://cam"],
  ])("%s is taken apart", (text, hostname, port, shown) => {
    expect(parse(text)).toMatchObject({ hostname, port, shown });
  });

  test("carries the user and the password to ffmpeg as one can read them back", () => {
    const { url } = parse("rtsp://cam/yard", { user: "ad min", password: "p@ss:w/rd#1" });
    expect(url).toBe("rtsp://ad%20min:p%40ss%3Aw%2Frd%231@cam/yard");
    expect(parse("rtsp://a:b%40c@cam/yard").url).toBe("rtsp://a:b%40c@cam/yard");
  });

  test.each(["http://cam/x", "cam/yard", "", "rtsp://", "rtsp://:554/x", "rtsp://cam:99999/x", "rtsp://cam:0/x"])(
    "%p is refused",
    (text) => expect(() => parse(text)).toThrow(),
  );

  test("is refused without its password being told", () => {
    expect(() => parse("http://admin:hunter22@cam/x")).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter22") }),
    );
  });

  test("loses its password in any text that ffmpeg writes", () => {
    const address = parse("rtsp://admin:hunt@r/22@cam:554/yard");
    for (const text of [
      "rtsp://admin:hunt%40r%2F22@cam:554/yard: Server returned 401 Unauthorized",
      "rtsp://admin:hunt@r/22@cam:554/yard: 401",
      "Failed to resolve hostname 22@cam",
      'argv: ["-i","rtsp://admin:hunt%40r%2F22@cam:554/yard"]',
    ]) {
      const hidden = withoutSecrets(address, text);
      expect(hidden).not.toMatch(/hunt/);
    }
  });

  test("does not lose words that happen to be its user", () => {
    const address = parse("rtsp://cam:hunter22@cam/yard");
    expect(withoutSecrets(address, "rtsp://cam/yard: the cam says no")).toBe("rtsp://cam/yard: the cam says no");
  });
});
