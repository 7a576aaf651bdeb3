import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { diskFiles, filesIn, modelIn } from "../../src/node/index.ts";
import { temporaryFolder } from "../support/folder.ts";

test("filesIn() starts every relative path in its folder, and leaves absolute ones alone", async () => {
  using temporary = temporaryFolder();
  const base = temporary.path;
  const files = filesIn(diskFiles({ base }), "parts");
  files.makeDir(".");
  const open = files.open("a.txt", "w");
  open.write("a");
  open.close();
  expect(fs.readFileSync(path.join(base, "parts/a.txt"), "utf8")).toBe("a");
  expect(files.resolve("../b.txt")).toBe(path.join(base, "b.txt"));
  expect(files.resolve("/b.txt")).toBe("/b.txt");
  expect([files.readText("a.txt"), files.readBytes("a.txt").length, files.list(".")]).toEqual(["a", 1, ["a.txt"]]);
  files.rename("a.txt", "c.txt");
  await files.move("c.txt", "d.txt");
  await files.flush("d.txt");
  expect([files.exists("c.txt"), files.stat("d.txt").size, files.linkStat("d.txt").size]).toEqual([false, 1, 1]);
  expect(files.freeBytes(".")).toBeGreaterThan(0);
  files.remove(path.join(base, "parts/d.txt"));
  expect(files.list(".")).toEqual([]);
});

test.each([
  ["coco_small", "coco_small"],
  ["person.onnx", "parts/person.onnx"],
  ["../models/person.onnx", "models/person.onnx"],
  ["/models/person.onnx", "/models/person.onnx"],
])("modelIn() of %s in parts/ is %s: a name means the same everywhere, a file lies there", (model, expected) => {
  expect(modelIn("parts", model)).toBe(expected);
  expect(modelIn(undefined, model)).toBe(model);
});
