import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createRedactor } from "../../src/observe/index.ts";

const { text, value } = createRedactor();

describe("Redactor.text() hides", () => {
  test.each([
    ["credentials in an address", "rtsp://admin:hunter2@10.0.0.5:554/live", "rtsp://***@10.0.0.5:554/live"],
    ["a password that holds @ and /", "rtsp://admin:p@s/s@10.0.0.5/live", "rtsp://***@10.0.0.5/live"],
    ["a user name alone", "mqtt://ghp_abc123@broker", "mqtt://***@broker"],
    ["a password that is a number", "http://u:1234@host/", "http://***@host/"],
    ["each of two addresses", "a://u:p1@x b://u:p2@y", "a://***@x b://***@y"],
    ["a token in a query", "https://h/a?token=abc&page=2", "https://h/a?token=***&page=2"],
    ["key, sig and code in a query", "https://h/?key=1a&sig=2b&code=3c", "https://h/?key=***&sig=***&code=***"],
    [
      "a cloud signature",
      "https://h/?X-Amz-Signature=ab12&X-Amz-Date=2026",
      "https://h/?X-Amz-Signature=***&X-Amz-Date=2026",
    ],
    ["a password assignment", "login failed: password=hunter2, user=joe", "login failed: password=***, user=joe"],
    ["a JSON member", '{"api_key": "abc", "n": 1}', '{"api_key": ***, "n": 1}'],
    ["an escaped name", "client_secret: s3cr3t!", "client_secret: ***"],
    ["an authorization header", "authorization: Basic dXNlcjpwYXNz", "authorization: ***"],
    ["a bearer token in prose", "sent Bearer eyJhbGciOi.J9.x-y to h", "sent Bearer *** to h"],
    ["a cookie", "Cookie: session=abc; theme=dark", "Cookie: ***"],
  ])("%s", (_, input, expected) => {
    expect(text(input)).toBe(expected);
  });
});

describe("Redactor.text() hides what stands behind the name", () => {
  const names = ["password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "session_token", "api-key"];
  names.push("access_key", "privateKey", "client_secret", "credential", "signature", "authorization", "jwt", "COOKIE");
  // Each by itself: a text is searched for these words before any pattern looks at it.
  test.each(names)("%s", (name) => {
    for (const form of [name, name.toUpperCase()]) expect(text(`${form}: 5ecReT01`)).toBe(`${form}: ***`);
  });
  test.each(["Bearer", "Basic", "Negotiate"])("%s", (scheme) => {
    expect(text(`sent ${scheme} dXNlcjpwYXNz`)).toBe(`sent ${scheme} ***`);
  });
});

describe("Redactor.text() leaves", () => {
  test.each([
    ["an address with a port and an @ in its path", "http://host:8080/users/@me"],
    ["an address without secrets", "https://host/path?page=2&keyword=cat"],
    ["a mail address", "write to ops@example.org"],
    ["a key outside a query", "dedup key=cam01 seen"],
    ["prose about authentication", "Basic authentication and Bearer authentication."],
    ["prose about tokens", "12 tokens left in the bucket"],
  ])("%s", (_, input) => {
    expect(text(input)).toBe(input);
  });
});

test("Redactor hides a registered value as it is, percent-encoded and escaped in JSON", () => {
  const redactor = createRedactor(['a "b"/c\n']);
  expect(redactor.text('x a "b"/c y')).toBe("x *** y");
  expect(redactor.text(encodeURIComponent('a "b"/c'))).toBe("***");
  expect(redactor.text(JSON.stringify({ x: 'a "b"/c' }))).toBe('{"x":"***"}');
});

test("Redactor hides the whole of a secret that contains another", () => {
  const redactor = createRedactor(["hunter", "hunter-of-ducks"]);
  expect(redactor.text("a hunter-of-ducks")).toBe("a ***");
});

test("Redactor hides a short registered value only where it is the whole value", () => {
  const redactor = createRedactor(["on"]);
  expect([redactor.text("on"), redactor.text("one pylon")]).toEqual(["***", "one pylon"]);
});

test("Redactor.value() hides secret fields at any depth, whatever they hold", () => {
  expect(value({ a: [{ db_password: 12345, Authorization: ["x"], note: "http://u:p@h" }] })).toEqual({
    a: [{ db_password: "***", Authorization: "***", note: "http://***@h" }],
  });
});

test("Redactor.value() shows errors, dates and bytes briefly and survives circles", () => {
  const circle: Record<string, unknown> = {
    at: new Date(0),
    bytes: new Uint8Array(9),
    error: new TypeError("token=abc"),
  };
  circle.self = circle;
  expect(value(circle)).toEqual({
    at: "1970-01-01T00:00:00.000Z",
    bytes: "[9 bytes]",
    error: "TypeError: token=***",
    self: "[circular]",
  });
});

test("Redactor.value() is bounded in depth and length", () => {
  const deep = { a: { b: { c: { d: { e: { f: { g: 1 } } } } } } };
  expect(JSON.stringify(value(deep))).toBe('{"a":{"b":{"c":{"d":{"e":{"f":"[…]"}}}}}}');
  expect((value(Array.from({ length: 150 }, () => 0)) as unknown[]).at(-1)).toBe("[50 more]");
});

test("Redactor never lets a registered canary through, wherever it stands", () => {
  const canary = "c4n4ry-5ecret";
  const redactor = createRedactor([canary]);
  fc.assert(
    fc.property(
      fc.object({
        key: fc.oneof(fc.string(), fc.constant(canary)),
        values: [fc.string(), fc.string().map((s) => s + canary)],
      }),
      (fields) => {
        expect(JSON.stringify(redactor.value(fields))).not.toContain(canary);
      },
    ),
  );
});

test("Redactor.text() hides a line of a secret that has several", () => {
  const redactor = createRedactor(["-----BEGIN-----\nMIIEvQIBADANBg\n-----END-----\n"]);
  expect(redactor.text("bad base64 in MIIEvQIBADANBg")).toBe("bad base64 in ***");
});

test("Redactor.text() needs linear time for hostile text", () => {
  const hostile = [
    "a://".repeat(50_000),
    "?token".repeat(40_000),
    "a_".repeat(100_000),
    "://u:".repeat(40_000),
    "password ".repeat(30_000),
  ];
  const started = performance.now();
  for (const input of hostile) text(input);
  // Measured at well under a second together; quadratic time would take minutes.
  expect(performance.now() - started).toBeLessThan(10_000);
});
