import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { deadLetterFile } from "../../src/cli/dead_letter_file.ts";
import { createRedactor } from "../../src/observe/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { packet } from "../support/node.ts";

function written(payload: unknown): { line: string; payload: unknown } {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "letters.jsonl");
  const letters = deadLetterFile(file, createRedactor());
  const at = "2026-01-01T06:00:00.000Z";
  letters.write({ packet: packet({ payload }), node_id: "a", reason: "no", attempts: 1, first_at: at, at });
  letters.close();
  const line = fs.readFileSync(file, "utf8");
  return { line, payload: JSON.parse(line).packet.payload };
}

test("a dead letter's payload is written as it is", () => {
  const payload = { count: 3, list: [1, { a: null }], text: "x" };
  expect(written(payload).payload).toEqual(payload);
});

test("of a frame the dead letters have everything but the pixels", () => {
  const data = new Uint8Array(new SharedArrayBuffer(1_280 * 720 * 3));
  const { line, payload } = written({ width: 1_280, data, file: Buffer.from("abc"), detections: [{ id: 1 }] });
  expect(payload).toEqual({
    width: 1_280,
    data: "[Uint8Array, 2764800 bytes]",
    file: "[Buffer, 3 bytes]",
    detections: [{ id: 1 }],
  });
  expect(line.length).toBeLessThan(1_000);
});
