import { expect, test } from "bun:test";
import * as v from "valibot";
import { seededRandom } from "../../../src/base/random.ts";
import type { SourceInstance, SourceYield } from "../../../src/node/index.ts";
import { stdinSource } from "../../../src/nodes/io/stdin_source.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { testContext } from "../../support/node.ts";

const encoder = new TextEncoder();

/** What stdin_source makes of `input`, handed over in pieces of `pieceBytes`. */
async function read(
  config: Record<string, unknown>,
  input: string | Uint8Array,
  pieceBytes = Number.POSITIVE_INFINITY,
) {
  const bytes = typeof input === "string" ? encoder.encode(input) : input;
  const context = testContext({ nodeId: "in" });
  const io: typeof context.io = {
    ...context.io,
    async *read() {
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.slice(at, at + pieceBytes);
    },
  };
  const source = stdinSource.create(v.parse(stdinSource.config, config), { ...context, io }) as SourceInstance;
  const packets: StreamPacket[] = [];
  let error: Error | undefined;
  try {
    for await (const item of source.run(new AbortController().signal) as AsyncIterable<SourceYield>) {
      packets.push(...(item as StreamPacket[]));
    }
  } catch (thrown) {
    error = thrown as Error;
  }
  return {
    packets,
    payloads: packets.map((packet) => packet.payload),
    rejected: context.rejected as { record: { file: string; line: number; text: string }; reason: string }[],
    bad: context.rejected.map(({ record, reason }) => [
      (record as { line: number }).line,
      reason.replace(/^.*?:\d+ /, ""),
    ]),
    error,
    metrics: source.metrics?.(),
  };
}

/** What stdin_source has made of `pieces` when it is stopped behind them. */
async function readUntilStop(config: Record<string, unknown>, pieces: readonly string[]) {
  const context = testContext();
  const abort = new AbortController();
  const io: typeof context.io = {
    ...context.io,
    async *read() {
      for (const piece of pieces) yield encoder.encode(piece);
      abort.abort();
    },
  };
  const source = stdinSource.create(v.parse(stdinSource.config, config), { ...context, io }) as SourceInstance;
  const payloads: unknown[] = [];
  for await (const item of source.run(abort.signal) as AsyncIterable<SourceYield>) {
    payloads.push(...(item as StreamPacket[]).map((packet) => packet.payload));
  }
  return { payloads, rejected: context.rejected };
}

const issues = (config: Record<string, unknown>) =>
  stdinSource.check(v.parse(stdinSource.config, config)).map((issue) => issue.path.join("."));

const CSV = { format: "csv" };
const bytes = (...parts: (string | number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...encoder.encode(part)] : part)));

// jsonl

test("jsonl makes one packet per line and numbers it", async () => {
  const { packets, metrics } = await read({ format: "jsonl", kind: "sensor" }, '{"a":1}\n[2]\n"three"\n');
  expect(packets).toMatchObject([
    { kind: "sensor", source_id: "in", payload: { a: 1 }, meta: { line: 1 } },
    { payload: [2], meta: { line: 2 } },
    { payload: "three", meta: { line: 3 } },
  ]);
  expect(metrics).toEqual({ records_total: 3, rejected_total: 0 });
});

test("jsonl reads a last line without a line end, CRLF and blank lines", async () => {
  const { packets, bad } = await read({ format: "jsonl" }, '{"a":1}\r\n\n  \n{"a":2}');
  expect(packets.map(({ payload, meta }) => [payload, meta.line])).toEqual([
    [{ a: 1 }, 1],
    [{ a: 2 }, 4],
  ]);
  expect(bad).toEqual([]);
});

test("jsonl sets a half-written line aside with its place and goes on", async () => {
  const { payloads, rejected, metrics } = await read({ format: "jsonl" }, '{"a":1}\n{"a":\n{"a":3}\n{"a":4');
  expect(payloads).toEqual([{ a: 1 }, { a: 3 }]);
  expect(rejected).toMatchObject([
    { record: { file: "standard input", line: 2, text: '{"a":' }, reason: expect.stringContaining("not JSON") },
    { record: { line: 4, text: '{"a":4' }, reason: expect.stringMatching(/^standard input:4 the line is not JSON/) },
  ]);
  expect(metrics).toEqual({ records_total: 2, rejected_total: 2 });
});

test("jsonl refuses the bare NaN that some writers leave", async () => {
  const { payloads, bad } = await read({ format: "jsonl" }, '{"a":NaN}\n');
  expect([payloads, bad.length]).toEqual([[], 1]);
});

// lines and packets

test("lines keeps blank lines and blanks, and drops line ends", async () => {
  const { payloads } = await read({ format: "lines" }, " a \r\n\nb");
  expect(payloads).toEqual([{ line: " a " }, { line: "" }, { line: "b" }]);
});

test("packets come back as they were written", async () => {
  const written = {
    packet_id: "p1",
    ts: "2026-01-01T06:00:00Z",
    kind: "event",
    source_id: "cam",
    payload: 1,
    meta: { a: 1 },
  };
  const { packets, bad } = await read({ format: "packets" }, `${JSON.stringify(written)}\n{"kind":"event"}\n`);
  expect(packets).toEqual([written]);
  expect(bad).toEqual([[2, 'the line is not a packet: field "packet_id" must be a string, got undefined']]);
});

// bytes

const NAMES = '이름,값\n주차장,1\n"a\nb",2\r\ncafé,3\n';

for (const pieceBytes of [1, 2, 3, 7]) {
  test(`records do not depend on where bytes are split: ${pieceBytes} at a time`, async () => {
    const config = { ...CSV, columns: { 값: "number" } };
    const split = await read(config, NAMES, pieceBytes);
    expect(split.payloads).toEqual([
      { 이름: "주차장", 값: 1 },
      { 이름: "a\nb", 값: 2 },
      { 이름: "café", 값: 3 },
    ]);
    expect(split.packets.map((packet) => packet.meta.line)).toEqual([2, 3, 5]);
  });
}

test("records of a long input are the same in one piece and in pieces", async () => {
  const rows = Array.from({ length: 3_000 }, (_, i) => (i % 7 === 0 ? `"q\n""${i}""",${i}` : `plain ${i},${i}`));
  const text = `name,n\n${rows.join("\n")}\n`;
  const whole = await read(CSV, text);
  const split = await read(CSV, text, 997);
  expect(whole.payloads.length).toBe(3_000);
  expect(split.payloads).toEqual(whole.payloads);
  expect(split.packets.map((packet) => packet.meta.line)).toEqual(whole.packets.map((packet) => packet.meta.line));
});

test("a byte order mark is no part of the first record, and data anywhere else", async () => {
  for (const pieceBytes of [1, 100]) {
    const { payloads } = await read({ format: "lines" }, "\ufeffa\n\ufeffb\n", pieceBytes);
    expect(payloads).toEqual([{ line: "a" }, { line: "\ufeffb" }]);
  }
});

test("a line that is not UTF-8 is set aside and its neighbours are not", async () => {
  const { payloads, bad } = await read({ format: "lines" }, bytes("good\n", [0x62, 0xe9, 0x0a], "주차\n"));
  expect(payloads).toEqual([{ line: "good" }, { line: "주차" }]);
  expect(bad).toEqual([[2, "the line is not valid UTF-8"]]);
});

test("a CSV record with a line that is not UTF-8 is set aside whole", async () => {
  const { payloads, bad } = await read(CSV, bytes('a,b\n1,2\n"x\ny', [0xff], '",3\n4,5\n'));
  expect(payloads).toEqual([
    { a: "1", b: "2" },
    { a: "4", b: "5" },
  ]);
  expect(bad).toEqual([[3, "the record is not valid UTF-8"]]);
});

test("a line of exactly max_line_bytes passes and a longer one does not, wherever bytes are split", async () => {
  const text = `${"x".repeat(64)}\n${"é".repeat(32)}\n${"y".repeat(65)}\nend\n`;
  for (const pieceBytes of [1, 10, 66, 1_000]) {
    const { payloads, bad } = await read({ format: "lines", max_line_bytes: 64 }, text, pieceBytes);
    expect(payloads).toEqual([{ line: "x".repeat(64) }, { line: "é".repeat(32) }, { line: "end" }]);
    expect(bad).toEqual([[3, "the line is longer than max_line_bytes (64)"]]);
  }
});

test("an endless line is rejected once, shown in part and passed over", async () => {
  const { packets, rejected } = await read({ format: "jsonl" }, `${"x".repeat(5_000_000)}\n{"a":1}\n`, 65_536);
  expect(packets).toMatchObject([{ payload: { a: 1 }, meta: { line: 2 } }]);
  expect(rejected.map(({ record }) => [record.line, record.text.length])).toEqual([[1, 1_024]]);
});

test("a line is held back up to max_line_bytes and no further", async () => {
  const { rejected } = await readUntilStop({ format: "lines", max_line_bytes: 64 }, ["x".repeat(40), "x".repeat(40)]);
  expect(rejected).toMatchObject([{ record: { line: 1 } }]);
});

test("a binary file is set aside line by line", async () => {
  const noise = Uint8Array.from({ length: 4_096 }, (_, i) => (i * 167 + 13) & 0xff);
  const { payloads, bad } = await read({ format: "jsonl" }, noise);
  expect(payloads).toEqual([]);
  expect(bad.length).toBeGreaterThan(0);
});

test("an empty input makes no packets", async () => {
  for (const format of ["jsonl", "csv", "lines", "packets"]) {
    expect(await read({ format }, "")).toMatchObject({ packets: [], bad: [], error: undefined });
  }
});

// csv

test("csv takes a header that looks like code as names", async () => {
  const names = ["a': 1}; throw 1; //", 'b\\"]', "${c}\u2028", "constructor", "1"];
  const header = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(",");
  const { payloads } = await read(CSV, `${header}\n1,2,3,4,5\n`);
  expect(payloads).toEqual([Object.fromEntries(names.map((name, at) => [name, String(at + 1)]))]);
});

test("csv reads each column as its type", async () => {
  const columns = { n: "number", i: "integer", b: "boolean", t: "timestamp", s: "string" };
  const { payloads } = await read(
    { ...CSV, columns },
    "n,i,b,t,s,more\n-12.50,42,TRUE,2026-01-01T06:00:00+09:00, x ,7\n1e3,-1,0,2026-02-28,,\n",
  );
  expect(payloads).toEqual([
    { n: -12.5, i: 42, b: true, t: "2026-01-01T06:00:00+09:00", s: " x ", more: "7" },
    { n: 1000, i: -1, b: false, t: "2026-02-28", s: "", more: "" },
  ]);
});

for (const [type, text] of [
  ["number", "warm"],
  ["number", "0x10"],
  ["number", " 1"],
  ["number", "1 "],
  ["number", "Infinity"],
  ["number", "NaN"],
  ["number", "1e999"],
  ["number", "1.2.3"],
  ["number", "."],
  ["number", "-"],
  ["integer", "1.5"],
  ["integer", "9007199254740993"],
  ["boolean", "yes"],
  ["timestamp", "2026-02-30"],
  ["timestamp", "01/02/2026"],
  ["timestamp", "2026-01-01T25:00:00Z"],
] as const) {
  test(`csv sets a record aside whose ${type} is ${JSON.stringify(text)}`, async () => {
    const { payloads, bad } = await read({ ...CSV, columns: { a: type } }, `a,b\n${text},1\n`);
    expect(payloads).toEqual([]);
    expect(bad).toEqual([[2, expect.stringContaining(`column "a" must be`)]]);
    expect(bad[0]![1]).toContain(JSON.stringify(text));
  });
}

test("csv reads a number exactly as Number does", async () => {
  const texts = [
    "0.1",
    "-0",
    "+5",
    "5.",
    ".5",
    "123456789012345",
    "1234567890.12345",
    "0.30000000000000004",
    "1e-7",
    "007",
    "4.35",
  ];
  const { payloads } = await read(
    { ...CSV, columns: { n: "number" } },
    `n,x\n${texts.map((t) => `${t},`).join("\n")}\n`,
  );
  expect(payloads.map((payload) => (payload as { n: number }).n)).toEqual(texts.map(Number));
});

test("csv reads random decimals exactly as Number does", async () => {
  const random = seededRandom(7);
  const texts = Array.from({ length: 5_000 }, () => {
    const digits = Array.from({ length: 1 + (random.uint32() % 18) }, () => random.uint32() % 10).join("");
    const point = random.uint32() % (digits.length + 1);
    return `${random.uint32() % 2 ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
  });
  const { payloads, bad } = await read({ ...CSV, columns: { n: "number" } }, `n\n${texts.join("\n")}\n`);
  expect(bad).toEqual([]);
  expect(payloads).toEqual(texts.map((text) => ({ n: Number(text) })));
});

test("csv sets an empty field aside unless its column says what it stands for", async () => {
  const config = {
    ...CSV,
    columns: { a: "number", b: { type: "number", empty: null }, c: { type: "integer", empty: 0 } },
  };
  const { payloads, bad } = await read(config, "a,b,c\n1,,\n,2,3\n");
  expect(payloads).toEqual([{ a: 1, b: null, c: 0 }]);
  expect(bad).toEqual([[3, 'column "a" (number) is empty; to allow that, say what it means: empty: null']]);
});

test("csv sets ragged rows aside with their line", async () => {
  const { payloads, rejected, bad } = await read(CSV, "a,b\n1\n1,2\n1,2,3\n\n4,5\n");
  expect(payloads).toEqual([
    { a: "1", b: "2" },
    { a: "4", b: "5" },
  ]);
  expect(bad).toEqual([
    [2, "the record has 1 fields, not 2"],
    [4, "the record has 3 fields, not 2"],
  ]);
  expect(rejected[1]!.record.text).toBe("1,2,3");
});

test("csv reads quoted delimiters, quotes and line feeds", async () => {
  const { payloads, packets } = await read(CSV, 'a,b\r\n"1,5","say ""hi"""\r\n"two\r\nlines",""\r\n"",x');
  expect(payloads).toEqual([
    { a: "1,5", b: 'say "hi"' },
    { a: "two\r\nlines", b: "" },
    { a: "", b: "x" },
  ]);
  expect(packets.map((packet) => packet.meta.line)).toEqual([2, 3, 5]);
});

test("csv sets a stray quote aside and goes on with the next line", async () => {
  const { payloads, bad } = await read(CSV, 'a,b\n5" pipe,1\n"x"y,2\n3,4\n');
  expect(payloads).toEqual([{ a: "3", b: "4" }]);
  expect(bad).toEqual([
    [2, "a quote stands inside an unquoted field"],
    [3, "text stands behind a closing quote"],
  ]);
});

test("csv loses one record, not the rest of the file, to a quote that is never closed", async () => {
  const { payloads, bad } = await read(CSV, 'a,b\n1,2\n"open,3\n4,5\n6,7', 5);
  expect(payloads).toEqual([
    { a: "1", b: "2" },
    { a: "4", b: "5" },
    { a: "6", b: "7" },
  ]);
  expect(bad).toEqual([[3, "a quoted field is not closed before the end"]]);
});

test("csv bounds a record with quoted line feeds by max_line_bytes", async () => {
  const body = Array.from({ length: 20 }, (_, i) => `line ${i}`).join("\n");
  const { payloads, bad } = await read({ ...CSV, max_line_bytes: 64 }, `a,b\n"${body}",1\n2,3\n`);
  expect(payloads).toEqual([{ a: "2", b: "3" }]);
  expect(bad[0]).toEqual([2, "a quoted field makes the record longer than max_line_bytes (64)"]);
});

test("csv holds an open record back up to max_line_bytes and no further", async () => {
  const rows = "1,2\n".repeat(20);
  const { payloads } = await readUntilStop({ ...CSV, max_line_bytes: 64 }, [`a,b\n"open,1\n${rows}`]);
  expect(payloads.length).toBe(20);
});

test("csv reads a quoted last field in front of CRLF and of a carriage return at the end", async () => {
  const { payloads, bad } = await read(CSV, 'a,b\n1,"2"\r\n3,"4"\r');
  expect(payloads).toEqual([
    { a: "1", b: "2" },
    { a: "3", b: "4" },
  ]);
  expect(bad).toEqual([]);
});

test("csv takes another delimiter and quote, or none", async () => {
  expect((await read({ ...CSV, delimiter: "\t", quote: "'" }, "a\tb\n'x\ty'\t\"\n")).payloads).toEqual([
    { a: "x\ty", b: '"' },
  ]);
  expect((await read({ ...CSV, delimiter: ";", quote: "" }, 'a;b\n"x";5"\n')).payloads).toEqual([
    { a: '"x"', b: '5"' },
  ]);
});

test("csv without a header takes names and order from the config", async () => {
  const { payloads } = await read(
    { ...CSV, header: false, columns: { time: "timestamp", celsius: "number" } },
    "2026-01-01,4\n",
  );
  expect(payloads).toEqual([{ time: "2026-01-01", celsius: 4 }]);
});

for (const [what, header, config, message] of [
  [
    "misses a typed column",
    "date,temp_maxx\n",
    { columns: { temp_max: "number" } },
    /columns has "temp_max".*did you mean "temp_maxx"/,
  ],
  ["misses the time field", "date,b\n", { ts_field: "dat" }, /ts_field has "dat".*did you mean "date"/],
  ["names a column twice", "a,b,a\n", {}, /names the column "a" twice/],
  ["leaves a name out", "a,,b\n", {}, /column 2 of the header has no name/],
  ["names a column __proto__", "a,__proto__\n", {}, /"__proto__" cannot be a column's name/],
] as const) {
  test(`csv stops at a header that ${what}`, async () => {
    const { error, packets } = await read({ ...CSV, ...config }, `${header}1,2,3\n`);
    expect(error?.message).toMatch(message);
    expect(packets).toEqual([]);
  });
}

// fields of the packet

test("ts_field and source_id_field give the packet its time and source", async () => {
  const config = { ...CSV, ts_field: "t", source_id_field: "id" };
  const { packets, bad } = await read(config, "t,id\n2026-01-01T06:00:00+09:00,s1\nyesterday,s2\n2026-01-01,\n");
  expect(packets).toMatchObject([{ ts: "2026-01-01T06:00:00+09:00", source_id: "s1" }]);
  expect(bad).toEqual([
    [3, 'ts_field "t" must be an ISO-8601 time such as 2026-01-01T06:00:00Z: it is "yesterday"'],
    [4, 'source_id_field "id" must be text or a number: it is ""'],
  ]);
});

for (const [format, value] of [
  ["unix_s", 1_767_225_600.25],
  ["unix_ms", 1_767_225_600_250],
  ["unix_us", "1767225600250000"],
] as const) {
  test(`ts_format ${format} reads a time as text or as a number`, async () => {
    const line = JSON.stringify({ t: value });
    const { packets } = await read({ format: "jsonl", ts_field: "t", ts_format: format }, `${line}\n`);
    expect(packets[0]!.ts).toBe("2026-01-01T00:00:00.250Z");
  });
}

test("a record without the time field is set aside", async () => {
  const { bad } = await read({ format: "jsonl", ts_field: "t", ts_format: "unix_s" }, '{"a":1}\n5\n{"t":"soon"}\n');
  expect(bad.map(([line]) => line)).toEqual([1, 2, 3]);
  expect(bad[0]![1]).toBe('ts_field "t" must be a number (unix_s): it is missing');
});

test("on_bad_record fail ends the source at the first bad record, after the good ones before it", async () => {
  const { payloads, error, rejected } = await read({ format: "jsonl", on_bad_record: "fail" }, "1\n2\nx\n4\n");
  expect(payloads).toEqual([1, 2]);
  expect(error?.message).toMatch(/node "in" stops at a bad record.*standard input:3 the line is not JSON/);
  expect(rejected).toEqual([]);
});

test("a stop in the middle of a line makes no record of its first half", async () => {
  const { payloads, rejected } = await readUntilStop({ format: "jsonl" }, ['1\n{"a":']);
  expect(payloads).toEqual([1]);
  expect(rejected).toEqual([]);
});

// config

for (const [what, config, path] of [
  ["no columns without a header", { ...CSV, header: false }, "columns"],
  ["a numeric name without a header", { ...CSV, header: false, columns: { "1": "string" } }, "columns.1"],
  ["columns for another format", { format: "jsonl", columns: { a: "number" } }, "columns"],
  ["a quote that is the delimiter", { ...CSV, delimiter: "|", quote: "|" }, "quote"],
  ["a time field where there are no fields", { format: "lines", ts_field: "t" }, "ts_field"],
  [
    "a source field that is not a column",
    { ...CSV, header: false, columns: { a: "string" }, source_id_field: "b" },
    "source_id_field",
  ],
] as const) {
  test(`the check finds ${what}`, () => {
    expect(issues(config)).toEqual([path]);
  });
}

test("the schema refuses an unknown type, a long delimiter and a missing format", () => {
  for (const config of [
    { ...CSV, columns: { a: "float" } },
    { ...CSV, delimiter: ", " },
    { ...CSV, delimiter: "\n" },
    {},
  ]) {
    expect(v.safeParse(stdinSource.config, config).success).toBe(false);
  }
});
