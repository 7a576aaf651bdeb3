import { expect, test } from "bun:test";
import { createRedactor, type LogOptions, startLog } from "../../src/observe/index.ts";
import { virtualClock } from "../support/clock.ts";

function setup(options: Partial<LogOptions> = {}) {
  const clock = virtualClock();
  const lines: string[] = [];
  const log = startLog({
    level: "info",
    format: "text",
    clock,
    redactor: createRedactor(["registered-secret"]),
    write: (line) => void lines.push(line),
    ...options,
  });
  return { clock, lines, log };
}

test("a log line has time, level, node, message and fields", () => {
  const { lines, log } = setup();
  log.node("cam").warn("stream lost", { attempt: 3, url: "rtsp://h/live", why: "timed out" });
  expect(lines).toEqual([
    '2026-01-01T00:00:00.000Z warn  [cam] stream lost attempt=3 url=rtsp://h/live why="timed out"\n',
  ]);
});

test("a field without a value is left out", () => {
  for (const format of ["text", "json"] as const) {
    const { lines, log } = setup({ format });
    log.warn("set aside", { packet_id: undefined, attempts: 1 });
    expect(lines[0]).toContain("attempts");
    expect(lines[0]).not.toContain("packet_id");
  }
});

test("a line in JSON format is one object", () => {
  const { lines, log } = setup({ format: "json" });
  log.error("run failed", { code: 1 });
  log.node("cam").info("opened");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { ts: "2026-01-01T00:00:00.000Z", level: "error", message: "run failed", fields: { code: 1 } },
    { ts: "2026-01-01T00:00:00.000Z", level: "info", node: "cam", message: "opened" },
  ]);
});

test.each([
  ["off", []],
  ["error", ["error"]],
  ["warn", ["warn", "error"]],
  ["info", ["info", "warn", "error"]],
  ["debug", ["debug", "info", "warn", "error"]],
] as const)("level %s shows what is at least that grave", (level, shown) => {
  const { lines, log } = setup({ level, format: "json" });
  for (const at of ["debug", "info", "warn", "error"] as const) log.node("cam")[at](`a ${at}`);
  expect(lines.map((line) => JSON.parse(line).level)).toEqual([...shown]);
});

test("a log takes time from its clock", () => {
  const { clock, lines, log } = setup();
  clock.advance(90_000);
  log.info("later");
  expect(lines[0]).toStartWith("2026-01-01T00:01:30.000Z ");
});

test("a log hides secrets in messages, fields and nested fields", () => {
  const { lines, log } = setup();
  log.info("opened rtsp://admin:hunter22@cam/live", {
    headers: { authorization: "Bearer hunter22hunter22" },
    deep: [{ note: "registered-secret" }],
    token: "hunter22",
  });
  expect(lines[0]).not.toMatch(/hunter22|registered-secret/);
  expect(lines[0]).toContain("opened rtsp://***@cam/live");
});

test("braces in a message are text", () => {
  const { lines, log } = setup();
  log.info('got {"a":{b}} from {x}', { x: 1 });
  expect(lines[0]).toContain('got {"a":{b}} from {x} x=1');
});

test.each(["text", "json"] as const)("a message cannot fake a second line or move the cursor (%s)", (format) => {
  const { lines, log } = setup({ format });
  log.info("a\nb\u001b[2J\u009b1A", { "k\ney": "v\r\n" });
  expect(lines[0]!.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  if (format === "json") expect(JSON.parse(lines[0]!).message).toBe("a\nb\u001b[2J\u009b1A");
});

test("a very long message is cut", () => {
  const { lines, log } = setup();
  log.info("x".repeat(100_000), { y: "z".repeat(100_000) });
  expect(lines[0]!.length).toBeLessThan(8_400);
  expect(lines[0]).toContain("(95904 more)");
});

test("a message passes five times in ten seconds, then its count is told", () => {
  const { clock, lines, log } = setup();
  for (let n = 0; n < 40; n++) log.node("cam").warn("frame late", { n });
  expect(lines).toHaveLength(5);
  clock.advance(10_000);
  expect(lines.slice(5)).toEqual(["2026-01-01T00:00:10.000Z warn  [cam] suppressed 35 more in 10 s: frame late\n"]);
});

test("a suppressed message passes again in the next ten seconds", () => {
  const { clock, lines, log } = setup();
  for (let n = 0; n < 6; n++) log.info("same");
  clock.advance(10_000);
  log.info("same");
  expect(lines.at(-1)).toEndWith(" same\n");
});

test("a message under the limit starts from nothing in the next ten seconds", () => {
  const { clock, lines, log } = setup();
  for (let n = 0; n < 4; n++) log.info("same");
  clock.advance(10_000);
  for (let n = 0; n < 4; n++) log.info("same");
  expect(lines).toHaveLength(8);
});

test("the limit counts each node and each message on its own", () => {
  const { lines, log } = setup();
  for (let n = 0; n < 5; n++) {
    for (const id of ["cam01", "cam02"]) log.node(id).warn("frame late");
    log.node("cam01").warn("frame torn");
  }
  expect(lines).toHaveLength(15);
});

test("RunLog.close() tells what was held back and leaves no timer", () => {
  const { clock, lines, log } = setup();
  for (let n = 0; n < 7; n++) log.info("same");
  log.close();
  expect(lines.at(-1)).toContain("suppressed 2 more in 10 s: same");
  expect(clock.pending).toBe(0);
});

test("the limit's memory is bounded when every message differs", () => {
  const { clock, lines, log } = setup();
  for (let n = 0; n < 1_000; n++) log.info(`message ${n}`);
  for (let n = 0; n < 7; n++) log.info("the last");
  for (let n = 0; n < 999; n++) log.info(`other ${n}`);
  expect(clock.pending).toBe(1);
  log.info("one over");
  expect(clock.pending).toBe(0);
  expect(lines.at(-2)).toContain("suppressed 2 more in 10 s: the last");
});
