import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { nativeFolder } from "../../src/inference/index.ts";
import { temporaryFolder } from "../support/folder.ts";

function setup(...folders: string[]) {
  const folder = temporaryFolder();
  for (const name of folders) {
    const native = path.join(folder.path, name);
    fs.mkdirSync(native, { recursive: true });
    fs.writeFileSync(path.join(native, "onnxruntime_binding.node"), "");
  }
  const find = (env: Record<string, string> = {}) => nativeFolder(env, path.join(folder.path, "bin/schnitzel"));
  const at = (name: string) => path.join(folder.path, name);
  return { find, at, [Symbol.dispose]: folder[Symbol.dispose] };
}

test("nativeFolder() takes the one beside the binary before the one that install.sh put under lib", () => {
  using both = setup("bin/native", "lib/schnitzel/native");
  expect(both.find()).toEqual({ folder: both.at("bin/native"), from: "beside the binary", found: true });
  using installed = setup("lib/schnitzel/native");
  expect(installed.find()).toMatchObject({ folder: installed.at("lib/schnitzel/native"), found: true });
});

test("nativeFolder() takes what the environment names, also when nothing lies there", () => {
  using both = setup("bin/native");
  expect(both.find({ SCHNITZEL_NATIVE: "/nowhere" })).toEqual({
    ...{ folder: "/nowhere", from: "SCHNITZEL_NATIVE", found: false },
  });
});

test("nativeFolder() names the place beside the binary when there is none", () => {
  using none = setup();
  expect(none.find()).toEqual({ folder: none.at("bin/native"), from: "beside the binary", found: false });
});
