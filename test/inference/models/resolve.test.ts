import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { makeFaceTiny } from "../../../scripts/models/face_tiny.ts";
import { floats, OnnxGraph } from "../../../scripts/models/onnx_writer.ts";
import {
  CATALOGUE,
  catalogued,
  findModel,
  LOCK_FILE,
  ModelStore,
  modelResolver,
  storeCopy,
  storeDownload,
} from "../../../src/inference/index.ts";
import { diskFiles } from "../../../src/node/index.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { identityModel, sobelModel } from "../../support/onnx_models.ts";

const hash = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
const IDENTITY = identityModel();
const SOBEL = sobelModel();

interface Places {
  graph?: Record<string, Uint8Array | string>;
  stored?: Record<string, Uint8Array>;
  embedded?: Record<string, Uint8Array<ArrayBuffer>>;
}

/** A graph's folder with these files, a store with these models, and a binary with these. */
function setup({ graph = {}, stored = {}, embedded = {} }: Places = {}) {
  const folder = temporaryFolder();
  const [base, place] = [path.join(folder.path, "graph"), path.join(folder.path, "store")];
  for (const [name, content] of Object.entries({ ".keep": "", ...graph })) {
    fs.mkdirSync(path.dirname(path.join(base, name)), { recursive: true });
    fs.writeFileSync(path.join(base, name), content);
  }
  const store = new ModelStore(place);
  for (const [name, bytes] of Object.entries(stored)) {
    const file = path.join(folder.path, `${name}.source`);
    fs.writeFileSync(file, bytes);
    const known = { sha256: hash(bytes), bytes: bytes.length, license: "MIT", source: "test" };
    storeCopy(store, file, name, known);
  }
  const inBinary = async (file: string) => embedded[file];
  const places = { files: diskFiles({ base }), store, embedded: inBinary };
  return { base, store, places, find: modelResolver(places), [Symbol.dispose]: folder[Symbol.dispose] };
}

const lockOf = (model: string, sha256: string) => `version: 1\nmodels:\n  - model: "${model}"\n    sha256: ${sha256}\n`;

describe("a model is found", () => {
  test("as a file of the graph's folder", async () => {
    using at = setup({ graph: { "models/yard.onnx": IDENTITY } });
    expect(await at.find("models/yard.onnx")).toEqual({ name: "yard.onnx", bytes: IDENTITY, sha256: hash(IDENTITY) });
  });

  test("by name in the graph's folder first, then in the store, then in the binary", async () => {
    const embedded = { "yard.onnx": SOBEL };
    const of = async (graph: Record<string, Uint8Array>, stored: Record<string, Uint8Array>) => {
      using at = setup({ graph, stored, embedded });
      const { name, sha256 } = await at.find("yard");
      return [name, sha256];
    };
    const other = sobelModel(9);
    expect(await of({ "models/yard.onnx": IDENTITY }, { yard: other })).toEqual(["yard", hash(IDENTITY)]);
    expect(await of({ "yard.onnx": IDENTITY }, { yard: other })).toEqual(["yard", hash(IDENTITY)]);
    expect(await of({}, { yard: other })).toEqual(["yard", hash(other)]);
    expect(await of({}, {})).toEqual(["yard", hash(SOBEL)]);
  });

  test("with what the catalogue knows of its bytes, whatever it is called", async () => {
    using at = setup();
    fs.writeFileSync(path.join(at.base, "my.onnx"), await makeFaceTiny());
    const { classes, input, output } = catalogued("face_tiny")!;
    expect(await at.find("my.onnx")).toMatchObject({ name: "my.onnx", classes, usual: { input, output } });
  });
});

describe("a model that is not found", () => {
  test("is named with every place, and the name that was meant", async () => {
    using at = setup();
    await expect(at.find("yolo_nano")).rejects.toThrow("did you mean yolox_nano?");
    await expect(at.find("yolo_nano")).rejects.toThrow(`nor in ${at.store.folder}, nor in this binary`);
  });

  test("says how to get it when it is in the list", async () => {
    using at = setup();
    await expect(at.find("yolox_nano")).rejects.toThrow(
      "get it: schnitzel models pull yolox_nano, or without a network: schnitzel models add FILE",
    );
  });

  test("lists what is known when nothing is near", async () => {
    using at = setup({ stored: { forklift: IDENTITY } });
    await expect(at.find("zebracrossing")).rejects.toThrow(
      /known are coco_small, face_tiny, forklift, .*, or add its file/,
    );
  });

  for (const [file, way] of [
    ["yolo11n.pt", "yolo export model=yolo11n.pt format=onnx"],
    ["x/m.tflite", "tf2onnx.convert --tflite m.tflite"],
    ["m.h5", "tf2onnx.convert --keras m.h5"],
  ] as const) {
    test(`says how to export ${file}`, async () => {
      using at = setup();
      await expect(at.find(file)).rejects.toThrow(way);
    });
  }
});

describe("the store", () => {
  test("refuses what was changed after it was stored, and says how to mend it", async () => {
    using at = setup({ stored: { yard: IDENTITY } });
    const changed = Uint8Array.from(IDENTITY);
    changed[20]! ^= 1;
    fs.writeFileSync(at.store.file("yard"), changed);
    await expect(at.find("yard")).rejects.toThrow(
      `is damaged or was changed: it was stored with sha256 ${hash(IDENTITY)}, and has ${hash(changed)}; add its file`,
    );
  });

  test("does not know what was never finished", async () => {
    using at = setup({ stored: { yard: IDENTITY } });
    fs.rmSync(path.join(at.store.folder, "yard.json"));
    expect(at.store.names()).toEqual([]);
    await expect(at.find("yard")).rejects.toThrow("cannot find model yard");
  });

  test("tells of a record that cannot be read", async () => {
    using at = setup({ stored: { yard: IDENTITY } });
    fs.writeFileSync(path.join(at.store.folder, "yard.json"), "{");
    await expect(at.find("yard")).rejects.toThrow("yard.json");
  });
});

describe("the lock beside a graph", () => {
  test("lets pass the bytes that it pins, and what it does not name", async () => {
    const graph = { "a.onnx": IDENTITY, "b.onnx": SOBEL, [LOCK_FILE]: lockOf("a.onnx", hash(IDENTITY)) };
    using at = setup({ graph });
    expect((await at.find("a.onnx")).sha256).toBe(hash(IDENTITY));
    expect((await at.find("b.onnx")).sha256).toBe(hash(SOBEL));
  });

  test("refuses other bytes, however the file is written", async () => {
    using at = setup({ graph: { "a.onnx": SOBEL, [LOCK_FILE]: lockOf("a.onnx", hash(IDENTITY)) } });
    for (const written of ["a.onnx", "./a.onnx", path.join(at.base, "a.onnx")]) {
      await expect(at.find(written)).rejects.toThrow(`pins sha256 ${hash(IDENTITY)}, and it has ${hash(SOBEL)}`);
    }
  });

  test("refuses other bytes of a name, wherever they come from", async () => {
    const graph = { [LOCK_FILE]: lockOf("yard", hash(IDENTITY)) };
    using stored = setup({ graph, stored: { yard: SOBEL } });
    await expect(stored.find("yard")).rejects.toThrow("cannot use model yard");
    using embedded = setup({ graph, embedded: { "yard.onnx": SOBEL } });
    await expect(embedded.find("yard")).rejects.toThrow("cannot use model yard");
    // Whoever writes the lock looks past it.
    expect((await findModel("yard", embedded.places)).sha256).toBe(hash(SOBEL));
  });

  for (const [what, text, fault] of [
    ["no YAML", "models: [", "Flow sequence"],
    ["another version", "version: 2\nmodels: []\n", "version: must be 1"],
    ["a hash that is none", lockOf("a", "12"), "models.0.sha256: must be 64 hex digits"],
    [
      "a model twice",
      lockOf("a", "0".repeat(64)) + lockOf("a", "0".repeat(64)).split("models:\n")[1],
      "a model stands twice",
    ],
    ["an alias", "version: &v 1\nmodels: *v\n", "aliases are not allowed"],
    ["too much", `# ${"x".repeat(70_000)}`, "at most 65536"],
  ] as const) {
    test(`pins nothing and lets nothing pass with ${what}`, async () => {
      using at = setup({ graph: { "a.onnx": IDENTITY, [LOCK_FILE]: text } });
      await expect(at.find("a.onnx")).rejects.toThrow(fault);
    });
  }
});

describe("the catalogue", () => {
  test("has every model once, with a whole hash, and of everything to pull an address of one commit", () => {
    for (const { name, sha256, bytes, license, url } of CATALOGUE) {
      expect({ name, ok: /^[0-9a-f]{64}$/.test(sha256) && bytes > 0 && license !== "" }).toEqual({ name, ok: true });
      if (url !== undefined) expect(url).toMatch(/^https:\/\/github\.com\/.*\/raw\/[0-9a-f]{40}\//);
    }
    expect(new Set(CATALOGUE.map(({ name }) => name)).size).toBe(CATALOGUE.length);
    expect(new Set(CATALOGUE.map(({ sha256 }) => sha256)).size).toBe(CATALOGUE.length);
  });

  const folder = process.env.SCHNITZEL_TEST_MODELS;
  for (const name of folder === undefined ? [] : ["yolox_nano", "rfb320_faces"]) {
    test(`knows ${name} by its bytes`, async () => {
      const bytes = await Bun.file(path.join(folder!, `${name}.onnx`)).bytes();
      const { sha256, bytes: length } = catalogued(name)!;
      expect({ sha256: hash(bytes), length: bytes.length }).toEqual({ sha256, length });
    });
  }
});

test("a folder in place of the lock is told with its path, and no model is used", async () => {
  using at = setup({ graph: { "a.onnx": IDENTITY, [`${LOCK_FILE}/x`]: "" } });
  await expect(at.find("a.onnx")).rejects.toThrow(
    `cannot use any model: ${path.join(at.base, LOCK_FILE)} is no valid lock: EISDIR`,
  );
});

describe("a download with another hash is removed, and its beginning says what it is:", () => {
  const long = (bytes: Uint8Array) => Buffer.concat([bytes, new Uint8Array(2 * 1024 * 1024)]);
  for (const [what, bytes, says] of [
    ["a web page", Buffer.from("<!doctype html>"), / \(it is no ONNX file: it is a web page/],
    ["a long web page", long(Buffer.from("<!doctype html>")), / \(it is no ONNX file: it is a web page/],
    ["another model", IDENTITY, /not 0{64}; nothing was stored$/],
    ["another large model", weighty(), /not 0{64}; nothing was stored$/],
    ["half a model", IDENTITY.slice(0, 50), / \(it is cut off/],
  ] as const) {
    test(what, async () => {
      using at = setup();
      fs.mkdirSync(at.store.folder, { recursive: true });
      const part = path.join(at.store.folder, "yard.part");
      fs.writeFileSync(part, bytes);
      const known = { sha256: "0".repeat(64), bytes: bytes.length, license: "MIT", source: "test" };
      await expect(storeDownload(at.store, part, "yard", known)).rejects.toThrow(says);
      expect(fs.existsSync(part)).toBe(false);
    });
  }
});

/** A model of 2 MB. */
function weighty() {
  const graph = new OnnxGraph();
  graph.add("Add", ["x", graph.constant(floats(Array(500_000).fill(1), [500_000]))], {}, "y");
  const port = (name: string) => ({ name, type: "float32" as const, dims: [500_000] });
  return graph.write({ name: "weighty", inputs: [port("x")], outputs: [port("y")] });
}
