import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { readGraphFile } from "../../src/graph/index.ts";
import { compile, found } from "../support/graph.ts";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "graph_file_"));
afterAll(() => fs.rmSync(dir, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = path.join(dir, name);
  fs.writeFileSync(file, content);
  return file;
}

const codeOf = (file: string, options = {}) => readGraphFile(file, options).diagnostics?.[0]?.code;

describe("readGraphFile()", () => {
  test("gives the text, the path as it was given and the absolute folder", () => {
    const file = path.relative(process.cwd(), write("ok.yaml", "version: 2\n"));
    expect(readGraphFile(file).source).toEqual({ text: "version: 2\n", path: file, baseDir: dir });
  });

  test("takes a byte order mark off", () => {
    expect(readGraphFile(write("bom.yaml", "\ufeffversion: 2")).source?.text).toBe("version: 2");
  });

  test("says that there is no such file", () => {
    expect(codeOf(path.join(dir, "none.yaml"))).toBe("FILE_NOT_FOUND");
    expect(codeOf(path.join(write("file", ""), "below.yaml"))).toBe("FILE_NOT_FOUND");
  });

  test("refuses a folder", () => {
    expect(codeOf(dir)).toBe("FILE_UNREADABLE");
  });

  test("refuses a device instead of waiting for it", () => {
    expect(codeOf("/dev/zero")).toBe("FILE_UNREADABLE");
  });

  test("refuses a file that the system will not read", () => {
    expect(codeOf("/proc/self/mem")).toBe("FILE_UNREADABLE");
  });

  test("refuses 50 MB without reading them", () => {
    const file = write("huge.yaml", "");
    fs.truncateSync(file, 50_000_000);
    const before = process.memoryUsage().rss;
    expect(codeOf(file)).toBe("FILE_TOO_LARGE");
    expect(process.memoryUsage().rss - before).toBeLessThan(20_000_000);
  });

  test("refuses a file that turns out larger than it said", () => {
    expect(codeOf("/proc/self/status", { maxBytes: 10 })).toBe("FILE_TOO_LARGE");
  });

  test("refuses a file that says it is empty and has no end", () => {
    const before = process.memoryUsage().rss;
    expect(codeOf("/proc/self/pagemap")).toBe("FILE_TOO_LARGE");
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  test("takes a larger file when it is told to", () => {
    const file = write("large.yaml", `# ${"x".repeat(2_000)}`);
    expect(codeOf(file, { maxBytes: 2_001 })).toBe("FILE_TOO_LARGE");
    expect(codeOf(file, { maxBytes: 2_002 })).toBeUndefined();
  });

  test.each([
    ["zero bytes", new Uint8Array([0x61, 0, 0x62])],
    ["bytes that are not UTF-8", new Uint8Array([0xff, 0xfe, 0x80, 0x81])],
    ["UTF-16", Buffer.from("\ufeffversion: 2", "utf16le")],
  ])("refuses a file with %s", (_, bytes) => {
    expect(codeOf(write("binary", bytes))).toBe("FILE_NOT_TEXT");
  });
});

describe("compileGraph() refuses", () => {
  test.each(["", "\n\n", "# only a comment\n", "---\n", "\n".repeat(100_000)])(
    "a text without content",
    async (text) => {
      expect(found((await compile(text)).diagnostics)).toEqual(["FILE_EMPTY@1:1"]);
    },
  );

  test.each(["just words", "[1, 2]", "'quoted'", "5"])("%p, which is no map", async (text) => {
    expect(found((await compile(text)).diagnostics)).toEqual(["BAD_SHAPE@1:1"]);
  });

  test("a text with zero bytes", async () => {
    expect(found((await compile("version: 2\0")).diagnostics)).toEqual(["FILE_NOT_TEXT@1:1"]);
  });
});
