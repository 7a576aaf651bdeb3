/**
 * Fetches ONNX Runtime's native library, which runs models several times as fast as WebAssembly.
 *
 *   bun scripts/native.ts [TARGET]      prints the folder; SCHNITZEL_NATIVE=FOLDER makes schnitzel use it
 *
 * The package onnxruntime-node holds it for all platforms, 288 MB, and its install script wants more from elsewhere: so
 * it is no dependency. It is installed in a folder of its own, without scripts, and two files of it are kept.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { BUILD_CACHE } from "./assets/make.ts";
import type { ArchiveFile } from "./tar.ts";
import { hostTarget, type Target, targetNamed } from "./targets.ts";

const PACKAGE = "onnxruntime-node";
/** The same as onnxruntime-web's, so that both take the same models. */
const VERSION = "1.30.0";

/** Where the package has the files, and their SHA-256. glibc only; 2.28 and later. */
const FILES: Readonly<Record<string, { folder: string; files: Readonly<Record<string, string>> }>> = {
  "linux-x64": {
    folder: "bin/napi-v6/linux/x64",
    files: {
      "libonnxruntime.so.1": "ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23",
      "onnxruntime_binding.node": "ccdc60b981d93a490cf9513d3f583547252b6e285b72988a96a494f2f006c7b8",
    },
  },
  "linux-arm64": {
    folder: "bin/napi-v6/linux/arm64",
    files: {
      "libonnxruntime.so.1": "1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76",
      "onnxruntime_binding.node": "afec78dc11d38dc81605b068cefe1fc73ffe77ca240c15468aa40786150beac8",
    },
  },
};

/** The files of the library for a release archive, in a folder `native`; none where there is no library. */
export async function nativeFiles(target: Target): Promise<ArchiveFile[]> {
  if (!(target.name in FILES)) return [];
  const folder = await nativeLibrary(target);
  const names = Object.keys(FILES[target.name]!.files);
  const files = names.map((name): ArchiveFile => {
    return { path: `native/${name}`, mode: 0o644, bytes: fs.readFileSync(path.join(folder, name)) };
  });
  return [...files, { path: "native/LICENSE", mode: 0o644, bytes: Buffer.from(LICENSE) }];
}

/** The package names the licence and does not bring its text. */
const LICENSE = `ONNX Runtime (https://github.com/microsoft/onnxruntime)

MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

/** The folder with the library for `target`, fetched when it is not there; checked by its hashes every time. */
export async function nativeLibrary(target: Target): Promise<string> {
  const known = FILES[target.name];
  if (known === undefined)
    throw new Error(`There is no native library for ${target.name}: only for ${Object.keys(FILES).join(", ")}`);
  const folder = path.join(BUILD_CACHE, "native", VERSION, target.name);
  if (!isWhole(folder, known.files)) await fetchInto(folder, known);
  return folder;
}

function isWhole(folder: string, files: Readonly<Record<string, string>>): boolean {
  return Object.entries(files).every(([name, sha256]) => {
    const file = path.join(folder, name);
    return fs.existsSync(file) && new Bun.CryptoHasher("sha256").update(fs.readFileSync(file)).digest("hex") === sha256;
  });
}

async function fetchInto(folder: string, { folder: inside, files }: (typeof FILES)[string]) {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-native-"));
  try {
    const dependencies = { [PACKAGE]: VERSION };
    fs.writeFileSync(path.join(place, "package.json"), JSON.stringify({ private: true, dependencies }));
    const install = Bun.spawn([process.execPath, "install", "--ignore-scripts"], {
      cwd: place,
      stderr: "pipe",
      stdout: "ignore",
    });
    const [error, code] = await Promise.all([install.stderr.text(), install.exited]);
    if (code !== 0) throw new Error(`Cannot fetch ${PACKAGE} ${VERSION}: bun install exited with ${code}\n${error}`);
    const from = path.join(place, "node_modules", PACKAGE, inside);
    if (!isWhole(from, files))
      throw new Error(`${PACKAGE} ${VERSION} has other files in ${inside} than those expected`);
    fs.mkdirSync(folder, { recursive: true });
    for (const name of Object.keys(files)) {
      // By rename: another build may fetch it at the same time.
      const temporary = path.join(folder, `${name}.${process.pid}.tmp`);
      fs.copyFileSync(path.join(from, name), temporary);
      fs.renameSync(temporary, path.join(folder, name));
    }
  } finally {
    fs.rmSync(place, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const [name] = process.argv.slice(2);
  console.log(await nativeLibrary(name === undefined ? hostTarget() : targetNamed(name)));
}
