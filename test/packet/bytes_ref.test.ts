import { describe, expect, test } from "bun:test";
import { type BytesRef, decodeLine, encodeLine, isBytesRef } from "../../src/packet/index.ts";

const REF: BytesRef = {
  ref: {
    scheme: "file",
    path: "/var/lib/schnitzel/blobs/cam01/1.jpg",
    content_type: "image/jpeg",
    size_bytes: 48_211,
    sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    owner: "blob_store",
  },
};

describe("isBytesRef()", () => {
  test("takes a path or an address, with nothing else said about the bytes", () => {
    for (const scheme of ["file", "shm"]) expect(isBytesRef({ ref: { scheme, path: "/a" } })).toBe(true);
    for (const scheme of ["http", "https", "s3", "nats"])
      expect(isBytesRef({ ref: { scheme, uri: "x:y" } })).toBe(true);
  });

  test.each([
    [null],
    ["/a"],
    [{}],
    [{ ref: null }],
    [{ ref: { scheme: "file" } }],
    [{ ref: { path: "/a" } }],
    [{ ref: { scheme: "ftp", uri: "ftp://h/a" } }],
    [{ ref: { scheme: "file", path: 5 } }],
    [{ ref: { scheme: "constructor", path: "/a" } }],
  ])("refuses %j", (payload) => {
    expect(isBytesRef(payload)).toBe(false);
  });
});

test("a reference to bytes survives JSON lines as it is", () => {
  const packet = {
    packet_id: "p",
    ts: "2026-01-01T00:00:00Z",
    kind: "bytes_ref",
    source_id: "cam01",
    payload: REF,
    meta: {},
  };
  const back = decodeLine(encodeLine(packet));
  expect(back).toEqual(expect.objectContaining(packet));
  expect(isBytesRef(back.payload)).toBe(true);
});

describe("a JSON line", () => {
  const fields = {
    packet_id: "p",
    ts: "2026-01-01T00:00:00Z",
    kind: "k",
    source_id: "s",
    payload: [1, "é", null],
    meta: { a: 1 },
  };

  test("has the six fields in the contract's order and no others", () => {
    const line = encodeLine({ ...fields, extra: true } as typeof fields);
    expect(line).toBe(
      '{"packet_id":"p","ts":"2026-01-01T00:00:00Z","kind":"k","source_id":"s","payload":[1,"é",null],"meta":{"a":1}}',
    );
  });

  test.each(["packet_id", "ts", "kind", "source_id", "meta"])("without %s is refused by that name", (field) => {
    expect(() => decodeLine(JSON.stringify({ ...fields, [field]: undefined }))).toThrow(field);
  });

  test("that is cut off is refused", () => {
    expect(() => decodeLine(encodeLine(fields).slice(0, -2))).toThrow();
  });
});
