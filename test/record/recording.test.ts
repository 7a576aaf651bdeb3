import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { virtualClock } from "../../src/base/virtual_clock.ts";
import { createRedactor } from "../../src/observe/index.ts";
import { WholeFloat } from "../../src/packet/index.ts";
import {
  type AppendFile,
  maskPath,
  newAppendFile,
  Recorder,
  type RecorderOptions,
  type RecordingEvent,
  readRecording,
} from "../../src/record/index.ts";
import { macrotask } from "../support/engine.ts";
import { temporaryFolder } from "../support/folder.ts";
import { packet } from "../support/node.ts";

const header = {
  schnitzel_recording: 1,
  graph: { name: "yard", path: "yard.yaml", hash: "ab" },
  seed: 7,
  version: "0.0.0",
  started_at: "2026-01-01T00:00:00.000Z",
  sources: [{ node: "cam", plugin: "rtsp_source", port: "out" }],
  masked: [],
};

function options(given: Partial<RecorderOptions> = {}) {
  const endings: string[] = [];
  return {
    clock: virtualClock(),
    header,
    maxBytes: 1_000_000,
    maxMs: 60_000,
    masks: [],
    hide: createRedactor(["s3cr3t-value"]).text,
    onEnded: (ending: string, error: Error | undefined) => void endings.push(`${ending} ${error?.message ?? ""}`),
    endings,
    ...given,
  };
}

async function recorded(work: (recorder: Recorder) => void, given: Partial<RecorderOptions> = {}) {
  const folder = temporaryFolder();
  const file = path.join(folder.path, "a.rec");
  const made = options(given);
  const recorder = new Recorder(await newAppendFile(file), made);
  work(recorder);
  await recorder.close();
  return { file, recorder, ...made, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

function read(file: string) {
  const recording = readRecording(file);
  const events: RecordingEvent[] = [...recording.events];
  return { events, tail: recording.tail(), header: recording.header };
}

const packetsOf = (events: readonly RecordingEvent[]) =>
  events.flatMap((event) => ("packet" in event ? [event.packet] : []));

test("packets come back as they were, bytes, frames and numbers that JSON has no word for included", async () => {
  const frame = packet({ kind: "frame", payload: { width: 2, height: 1, data: new Uint8Array([1, 10, 255]) } });
  const odd = packet({
    payload: {
      samples: new Float32Array([0.5, -1]),
      whole: new WholeFloat(20),
      nan: Number.NaN,
      least: -0,
      none: undefined,
      big: 2n ** 70n,
      day: new Date(5),
      list: [1, undefined, { $schnitzel: "mine" }],
    },
  });
  const clock = virtualClock();
  using made = await recorded(
    (recorder) => {
      recorder.sent("cam.out", frame);
      clock.advance(12.5);
      recorder.sent("cam.out", odd);
      recorder.ended("cam");
    },
    { clock },
  );
  const { events, tail, header: found } = read(made.file);
  expect(found).toEqual(header);
  expect(events).toEqual([
    { at: 0, from: "cam.out", packet: frame },
    { at: 12.5, from: "cam.out", packet: odd },
    { at: 12.5, ended: "cam" },
    { at: 12.5, closed: "run_ended" },
  ]);
  const { payload } = packetsOf(events)[1]! as { payload: Record<string, unknown> };
  expect([payload.whole instanceof WholeFloat, Object.is(payload.least, -0), "none" in payload]).toEqual([
    true,
    true,
    true,
  ]);
  expect(tail).toBeUndefined();
});

test("what a picture's memory holds later is not in the recording", async () => {
  const data = new Uint8Array([1, 2, 3]);
  using made = await recorded((recorder) => {
    recorder.sent("cam.out", packet({ payload: { data } }));
    data.fill(9);
  });
  expect(packetsOf(read(made.file).events)[0]!.payload).toEqual({ data: new Uint8Array([1, 2, 3]) });
});

test("a file cut at any byte is read up to its last whole line, and says what is missing", async () => {
  using made = await recorded((recorder) => {
    for (let at = 0; at < 3; at++)
      recorder.sent("cam.out", packet({ packet_id: `p${at}`, payload: { data: new Uint8Array([10, 10, at]) } }));
  });
  const whole = fs.readFileSync(made.file);
  const cut = `${made.file}.cut`;
  const starts = [...whole.toString("latin1").matchAll(/\{"at"/g)].map(({ index }) => index);
  for (let length = starts[0]!; length < whole.length; length++) {
    fs.writeFileSync(cut, whole.subarray(0, length));
    const { events, tail } = read(cut);
    const complete = starts.slice(1).filter((start) => start <= length).length;
    expect(events.length).toBe(complete);
    const rest = length - starts[complete]!;
    expect(tail?.bytes ?? 0).toBe(rest);
  }
});

test.each(["", "nodes: []\n", '{"a":1}\n', "\u0000\u0001", '{"schnitzel_recording":1,"seed":1}\n'])(
  "%j is refused as no recording",
  (text) => {
    using folder = temporaryFolder();
    const file = path.join(folder.path, "x");
    fs.writeFileSync(file, text);
    expect(() => readRecording(file)).toThrow(/cannot read .* as a recording/);
  },
);

test("a recording of a later version says who can read it", () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "x");
  fs.writeFileSync(file, `${JSON.stringify({ ...header, schnitzel_recording: 2 })}\n`);
  expect(() => readRecording(file)).toThrow("use the newer schnitzel");
});

test("at a bound it ends with the last packet that fits, once, and what follows is counted", async () => {
  using made = await recorded(
    (recorder) => {
      for (let at = 0; at < 10; at++) recorder.sent("cam.out", packet({ payload: "x".repeat(100) }));
    },
    { maxBytes: 1_000 },
  );
  const { events } = read(made.file);
  const { packets, unrecorded } = made.recorder.stats;
  expect([packetsOf(events).length, packets + unrecorded, events.at(-1)]).toEqual([
    packets,
    10,
    { at: 0, closed: "max_bytes" },
  ]);
  expect([packets > 0, made.endings]).toEqual([true, ["max_bytes "]]);
});

test("it ends after its time", async () => {
  const clock = virtualClock();
  using made = await recorded(
    (recorder) => {
      recorder.sent("cam.out", packet());
      clock.advance(1_001);
      recorder.sent("cam.out", packet());
    },
    { clock, maxMs: 1_000 },
  );
  expect(read(made.file).events.at(-1)).toEqual({ at: 1_001, closed: "max_seconds" });
});

const failing = (write: AppendFile["write"]): AppendFile => ({ write, close: async () => {} });

test("a disk that fails ends the recording and nothing else", async () => {
  const made = options();
  const recorder = new Recorder(
    failing(async () => Promise.reject(new Error("ENOSPC: no space left on device"))),
    made,
  );
  recorder.sent("cam.out", packet());
  await macrotask();
  recorder.sent("cam.out", packet());
  await recorder.close();
  expect(made.endings).toEqual(["failed ENOSPC: no space left on device"]);
  expect(recorder.stats.unrecorded).toBe(1);
});

test("a disk that is too slow ends the recording before memory is full", async () => {
  const never = Promise.withResolvers<void>();
  const made = options({ maxBytes: Number.MAX_SAFE_INTEGER });
  const recorder = new Recorder(
    failing(() => never.promise),
    made,
  );
  for (let at = 0; at < 20; at++) recorder.sent("cam.out", packet({ payload: new Uint8Array(8 * 1024 * 1024) }));
  expect(made.endings).toEqual(["slow_disk "]);
  never.resolve();
  await recorder.close();
});

test("a file that is there already is not written over", async () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "a.rec");
  fs.writeFileSync(file, "mine");
  await expect(newAppendFile(file)).rejects.toThrow("EEXIST");
  expect(fs.readFileSync(file, "utf8")).toBe("mine");
});

test("secrets of the run and masked paths never reach the file", async () => {
  const payload = {
    url: "rtsp://admin:hunter2@10.0.0.1/x",
    note: "it is s3cr3t-value, you know",
    password: "hunter3",
    user: { name: "Ada", tags: [{ id: "t1" }, { id: "t2" }] },
    kept: "plain",
  };
  using made = await recorded((recorder) => recorder.sent("cam.out", packet({ payload })), {
    masks: ["payload.user.name", "payload.user.tags[*].id", "payload.absent.x"].map((text) => maskPath(text)!),
  });
  const text = fs.readFileSync(made.file, "utf8");
  for (const secret of ["hunter2", "hunter3", "s3cr3t-value", "Ada", "t1"]) expect(text).not.toContain(secret);
  expect(packetsOf(read(made.file).events)[0]!.payload).toMatchObject({
    password: "***",
    user: { name: "***", tags: [{ id: "***" }, { id: "***" }] },
    kept: "plain",
  });
  expect(made.recorder.stats.hidden).toBe(1);
  expect(payload.user.name).toBe("Ada");
});

test.each(["user.name", "payload..x", "payload.x]", ""])("%j is no path to mask", (text) => {
  expect(maskPath(text)).toBeUndefined();
});

test("a packet that cannot be kept leaves a line that says so, and the rest goes on", async () => {
  using made = await recorded((recorder) => {
    recorder.sent("cam.out", packet({ payload: { run: () => {} } }));
    recorder.sent("cam.out", packet({ packet_id: "next" }));
  });
  const { events } = read(made.file);
  expect(events[0]).toEqual({
    at: 0,
    from: "cam.out",
    lost: "payload.run is a function, which a recording cannot hold",
  });
  expect([packetsOf(events)[0]!.packet_id, made.recorder.stats.unrecorded]).toEqual(["next", 1]);
});

test("packets that cannot be kept do not lead past the bounds either", async () => {
  const bad = packet({ payload: { call: () => 1 } });
  using made = await recorded(
    (recorder) => {
      for (let at = 0; at < 1_000; at++) recorder.sent("cam.out", bad);
    },
    { maxBytes: 2_000 },
  );
  const { ended, unrecorded } = made.recorder.stats;
  expect([ended, unrecorded, fs.statSync(made.file).size < 2_200]).toEqual(["max_bytes", 1_000, true]);
});

test("a key that means something to the language is a key like any other", async () => {
  const payload = JSON.parse('{"__proto__":{"a":1},"constructor":2,"at":[{"__proto__":3}]}');
  using made = await recorded((recorder) => recorder.sent("in.out", packet({ payload })));
  expect(JSON.stringify(packetsOf(read(made.file).events)[0]!.payload)).toBe(JSON.stringify(payload));
});

test("a mask that has met nothing is known at the end, as its path may be a slip", async () => {
  const masks = ["payload.user.name", "payload.usr.name"].map((text) => maskPath(text)!);
  using made = await recorded((recorder) => recorder.sent("in.out", packet({ payload: { user: { name: "Ada" } } })), {
    masks,
  });
  expect(made.recorder.unmetMasks).toEqual([masks[1]!]);
});

test("what a payload refers to is in the recording when it is asked for, and counted when it cannot be had", async () => {
  const there = { ref: { scheme: "file" as const, path: "/blobs/a" } };
  const gone = { ref: { scheme: "file" as const, path: "/blobs/b" } };
  using made = await recorded(
    (recorder) => {
      recorder.sent("cam.out", packet({ payload: there }));
      recorder.sent("cam.out", packet({ payload: gone }));
    },
    { referred: ({ path: name }) => (name === "/blobs/a" ? new Uint8Array([7, 10]) : undefined) },
  );
  const [first, second] = read(made.file).events;
  expect(first).toMatchObject({ packet: { payload: there }, referred: new Uint8Array([7, 10]) });
  expect(second).not.toHaveProperty("referred");
  expect(made.recorder.stats.unreferred).toBe(1);
});
