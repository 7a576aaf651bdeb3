import { expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkExposure, checkToken, parseListen, readTokenFile } from "../../src/http/index.ts";
import { diskFiles } from "../../src/node/index.ts";

const refused = (code: string, text = "") => expect.objectContaining({ code, message: expect.stringContaining(text) });

test.each([
  ["127.0.0.1:7077", "127.0.0.1", 7_077],
  ["localhost:0", "localhost", 0],
  ["[::1]:7077", "::1", 7_077],
  ["0.0.0.0:65535", "0.0.0.0", 65_535],
])("parseListen() reads %s", (text, hostname, port) => {
  expect(parseListen(text)).toEqual({ hostname, port });
});

test.each([
  "7077",
  ":7077",
  "127.0.0.1",
  "127.0.0.1:65536",
  "127.0.0.1:-1",
  "::1:7077",
  "[zz]:1",
  "http://127.0.0.1:1",
  "",
])("parseListen() refuses %p and shows the form", (text) => {
  expect(() => parseListen(text)).toThrow(refused("HTTP_LISTEN", `"${text}"`));
});

test.each(["127.0.0.1", "127.0.1.1", "localhost", "::1"])("checkExposure() lets %s through", (hostname) => {
  checkExposure({ hostname, port: 7_077 }, { token: false, insecure: false });
});

test.each(["0.0.0.0", "::", "10.0.0.5", "edge07", "127.evil.example"])(
  "checkExposure() refuses %s without a token",
  (hostname) => {
    const listen = { hostname, port: 7_077 };
    expect(() => checkExposure(listen, { token: false, insecure: false })).toThrow(refused("HTTP_EXPOSED", hostname));
    checkExposure(listen, { token: true, insecure: false });
    checkExposure(listen, { token: false, insecure: true });
  },
);

test.each(["short", "has spaces in it, quite a few", "ünïcödeünïcödeünïcöde"])(
  "checkToken() refuses %p without showing it",
  (token) => {
    expect(() => checkToken(token, "TOKEN_VARIABLE")).toThrow(refused("HTTP_TOKEN", "TOKEN_VARIABLE"));
    expect(() => checkToken(token, "TOKEN_VARIABLE")).not.toThrow(refused("HTTP_TOKEN", token));
  },
);

function tokenFile(mode: number) {
  const base = mkdtempSync(join(tmpdir(), "schnitzel-token-"));
  writeFileSync(join(base, "token"), "0123456789abcdef\n");
  chmodSync(join(base, "token"), mode);
  return { files: diskFiles({ base }), [Symbol.dispose]: () => rmSync(base, { recursive: true }) };
}

test("readTokenFile() reads a file that only its owner can read", () => {
  using made = tokenFile(0o600);
  expect(readTokenFile("token", made.files)).toBe("0123456789abcdef");
});

test("readTokenFile() refuses a file that others can read and says how to close it", () => {
  using made = tokenFile(0o640);
  expect(() => readTokenFile("token", made.files)).toThrow(
    expect.objectContaining({ code: "HTTP_TOKEN", hint: "chmod 600 token" }),
  );
});

test("readTokenFile() says which file is missing", () => {
  using made = tokenFile(0o600);
  expect(() => readTokenFile("absent", made.files)).toThrow(refused("HTTP_TOKEN", "absent"));
});
