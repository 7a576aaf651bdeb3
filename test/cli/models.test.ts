import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { makeFaceTiny } from "../../scripts/models/face_tiny.ts";
import { progressText } from "../../src/cli/fetch_model.ts";
import { catalogued } from "../../src/inference/index.ts";
import { ROOT, runCommand } from "../support/binary.ts";
import { cli, folderWith } from "../support/cli.ts";
import { type Answer, fileServer, rest } from "../support/file_server.ts";
import { identityModel, sobelModel } from "../support/onnx_models.ts";
import { fillUp, ownDisk } from "../support/own_disk.ts";

setDefaultTimeout(30_000);

const hash = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
const IDENTITY = identityModel();
const FACE = catalogued("face_tiny")!;
let face: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  face = await makeFaceTiny();
});

/** Runs `schnitzel models …` with a store of its own. */
async function models(at: { folder: string }, ...words: string[]) {
  const env = { SCHNITZEL_MODELS: path.join(at.folder, "store") };
  const ran = await cli(["models", ...words], { cwd: at.folder, env });
  return { ...ran, json: () => JSON.parse(ran.stdout) };
}

const stored = (at: { folder: string }) => {
  const store = path.join(at.folder, "store");
  return fs.existsSync(store) ? fs.readdirSync(store).sort() : [];
};

describe("schnitzel models pull", () => {
  async function pull(answer: (from: number, n: number) => Answer, ...words: string[]) {
    const at = folderWith({});
    using server = fileServer(answer);
    // Cut only when some has come: what a closed connection still holds may be lost with it.
    const hasSome = () => stored(at).some((file) => fs.statSync(at.at(`store/${file}`)).size > 0);
    const timer = setInterval(() => hasSome() && server.cut(), 1);
    try {
      const ran = await models(at, "pull", ...(words.length > 0 ? words : ["face_tiny"]), "--from", server.url);
      return { ...ran, at, asked: server.asked, files: stored(at), [Symbol.dispose]: at[Symbol.dispose] };
    } finally {
      clearInterval(timer);
    }
  }

  test("stores a model of the list from a mirror, and says under which licence", async () => {
    using ran = await pull((from) => rest(face, from));
    expect(ran).toMatchObject({ code: 0, stderr: "", files: ["face_tiny.json", "face_tiny.onnx"] });
    expect(ran.stdout).toContain("face_tiny: pulled, ");
    expect(ran.stdout).toContain("0.8 MB, licence MIT");
    expect(hash(fs.readFileSync(ran.at.at("store/face_tiny.onnx")))).toBe(FACE.sha256);
  });

  test("asks nobody for what is there already", async () => {
    using ran = await pull((from) => rest(face, from));
    const again = await models(ran.at, "pull", "face_tiny", "--from", "http://127.0.0.1:1/nobody", "--json");
    expect({ code: again.code, what: again.json().models[0].what }).toEqual({ code: 0, what: "present" });
  });

  test("stores nothing of other bytes, and says what they are", async () => {
    const page = new TextEncoder().encode("<html>Please log in</html>".padEnd(FACE.bytes));
    using ran = await pull(() => ({ body: page }));
    expect(ran).toMatchObject({ code: 1, stdout: "", files: [] });
    expect(ran.stderr).toContain(
      `gave has sha256 ${hash(page)}, not ${FACE.sha256} (it is no ONNX file: it is a web page`,
    );
  });

  test("keeps the beginning of what was cut off, and goes on from there", async () => {
    // As after a cable was pulled: the last tries bring nothing.
    using ran = await pull((from, n) => ({ ...rest(face, from), cutAfter: n === 0 ? 100_000 : 0 }));
    expect(ran).toMatchObject({ code: 1, files: [`face_tiny.${FACE.sha256.slice(0, 12)}.part`] });
    const kept = fs.statSync(ran.at.at(`store/${ran.files[0]}`)).size;
    expect(ran.stderr).toContain(`${kept} bytes are kept`);
    using server = fileServer((from) => rest(face, from));
    const again = await models(ran.at, "pull", "face_tiny", "--from", server.url);
    expect({ code: again.code, asked: server.asked, files: stored(ran.at) }).toEqual({
      ...{ code: 0, asked: [kept], files: ["face_tiny.json", "face_tiny.onnx"] },
    });
  });

  test("tells that the file is not there", async () => {
    using ran = await pull(() => ({ status: 404 }));
    expect(ran).toMatchObject({ code: 1, files: [] });
    expect(ran.stderr).toContain("the server answered 404 Not Found");
    expect(ran.stderr).toContain(
      "hint: without a network bring the file by other means, and then: schnitzel models add",
    );
  });

  test("hides the password of a mirror", async () => {
    using at = folderWith({});
    using server = fileServer(() => ({ status: 404 }));
    const address = server.url.replace("http://", "http://ann:secret@");
    const { stderr } = await models(at, "pull", "face_tiny", "--from", address);
    expect(stderr).toContain("404");
    expect(stderr).not.toContain("secret");
  });

  test("stores a model that is not in the list when its hash is given", async () => {
    using ran = await pull((from) => rest(IDENTITY, from), "yard", "--sha256", hash(IDENTITY));
    expect(ran).toMatchObject({ code: 0, files: ["yard.json", "yard.onnx"] });
    using other = await pull((from) => rest(sobelModel(), from), "yard", "--sha256", hash(IDENTITY));
    expect(other).toMatchObject({ code: 1, files: [] });
  });

  test("pulls nothing that the binary carries", async () => {
    using at = folderWith({});
    const { code, stdout } = await models(at, "pull", "face_tiny", "coco_small");
    expect({ code, files: stored(at) }).toEqual({ code: 0, files: [] });
    expect(stdout).toContain("coco_small: is in this binary, nothing to pull");
  });

  for (const [words, message] of [
    [["yolox_nanno"], "did you mean yolox_nano?"],
    [["yard", "--from", "http://127.0.0.1:1/x"], "yard is not in the list, so its hash must be given"],
    [["yard", "--from", "http://127.0.0.1:1/x", "--sha256", "12"], "--sha256 HEX, 64 hex digits"],
    [["../x", "--from", "http://127.0.0.1:1/x", "--sha256", "0".repeat(64)], "a model's name is letters"],
    [["face_tiny", "--from", "ftp://x/y"], "--from must be an address such as"],
    [["face_tiny", "coco_small", "--from", "http://127.0.0.1:1/x"], "--from is the address of one model"],
    [["face_tiny", "--from", "http://127.0.0.1:1/x", "--sha256", "0".repeat(64)], "face_tiny has sha256"],
    [[], "NAME is missing"],
  ] as const) {
    test(`refuses ${["pull", ...words].join(" ").slice(0, 60)}`, async () => {
      using at = folderWith({});
      const { code, stderr } = await models(at, "pull", ...words);
      expect({ code, files: stored(at) }).toEqual({ code: 2, files: [] });
      expect(stderr).toContain(message);
    });
  }

  test("shows how far it is", () => {
    expect(progressText("yolox_s", 12_512_345, 35_858_002)).toBe("yolox_s: 12.5 of 35.9 MB, 34 %");
    expect(progressText("yard", 1_000_000, undefined)).toBe("yard: 1.0 MB");
  });

  // A small disk of its own needs root, as in a container.
  test.if(process.getuid?.() === 0)("says that the disk is full before it begins", async () => {
    using at = folderWith({ "store/.keep": "" });
    await using disk = await ownDisk((place) => `mount -t tmpfs -o size=20m none '${place}'`, at.at("store"));
    fillUp(disk.inside(at.at("store/ballast")));
    using server = fileServer((from) => rest(face, from));
    const command = [process.execPath, path.join(ROOT, "src/main.ts"), "models", "pull", "face_tiny"];
    const { code, stderr } = await runCommand([
      ...[...disk.before, ...command, "--from", server.url, "--models", at.at("store")],
    ]);
    expect({ code, asked: server.asked }).toEqual({ code: 1, asked: [] });
    expect(stderr).toContain("has 0.0 MB free, and 17.6 MB are needed; make room, or choose another folder");
  });
});

describe("schnitzel models add", () => {
  test("knows a file of the list by its bytes", async () => {
    using at = folderWith({});
    fs.writeFileSync(at.at("carried.onnx"), face, { mode: 0o444 });
    const { code, stdout } = await models(at, "add", "carried.onnx");
    expect({ code, files: stored(at) }).toEqual({ code: 0, files: ["face_tiny.json", "face_tiny.onnx"] });
    expect(stdout).toContain("face_tiny: added, ");
    // The file stays, and the copy may be replaced.
    expect(fs.existsSync(at.at("carried.onnx"))).toBeTrue();
    expect(fs.statSync(at.at("store/face_tiny.onnx")).mode & 0o777).toBe(0o644);
  });

  test("takes a model of one's own, and another one in its place only when told", async () => {
    using at = folderWith({});
    fs.writeFileSync(at.at("best.onnx"), IDENTITY);
    fs.writeFileSync(at.at("newer.onnx"), sobelModel());
    const added = await models(at, "add", "best.onnx", "--name", "forklift", "--license", "proprietary", "--json");
    expect(added.json()).toMatchObject({
      name: "forklift",
      sha256: hash(IDENTITY),
      license: "proprietary",
      listed: null,
    });
    const refused = await models(at, "add", "newer.onnx", "--name", "forklift");
    expect({ code: refused.code, told: refused.stderr.includes("another model is stored as forklift") }).toEqual({
      ...{ code: 2, told: true },
    });
    expect((await models(at, "add", "newer.onnx", "--name", "forklift", "--replace")).code).toBe(0);
    const { models: listed } = (await models(at, "ls", "--json")).json();
    expect(listed.at(-1)).toMatchObject({ name: "forklift", where: "stored", sha256: hash(sobelModel()) });
  });

  for (const [what, file, content, message] of [
    ["a PyTorch file", "yolo11n.pt", "PK\u0003\u0004", "yolo export model=yolo11n.pt format=onnx"],
    ["text", "a.onnx", "hello", "cannot add a.onnx: it is "],
    ["nothing", "a.onnx", "", "it is empty"],
    ["a web page", "a.onnx", "<html>", "a web page"],
  ] as const) {
    test(`refuses ${what}`, async () => {
      using at = folderWith({ [file]: content });
      const { code, stderr } = await models(at, "add", file);
      expect({ code, files: stored(at) }).toEqual({ code: 2, files: [] });
      expect(stderr).toContain(message);
    });
  }

  test("refuses a cut file, a missing one, a folder, and a name of the list for other bytes", async () => {
    using at = folderWith({ "folder.onnx/x": "" });
    fs.writeFileSync(at.at("cut.onnx"), face.subarray(0, 500_000));
    fs.writeFileSync(at.at("other.onnx"), IDENTITY);
    const told = async (...words: string[]) => {
      const { code, stderr } = await models(at, "add", ...words);
      return [code, stderr.split("\n")[0]];
    };
    expect(await told("cut.onnx")).toEqual([2, expect.stringContaining("it is cut off")]);
    expect(await told("none.onnx")).toEqual([2, expect.stringContaining("there is no file")]);
    expect(await told("folder.onnx")).toEqual([2, expect.stringContaining("is a folder")]);
    expect(await told("other.onnx", "--name", "yolox_s")).toEqual([
      2,
      expect.stringContaining("is a model of the list"),
    ]);
    expect(await told("other.onnx", "--name", "a/b")).toEqual([2, expect.stringContaining("letters, digits")]);
    expect(stored(at)).toEqual([]);
  });
});

const GRAPH = `version: 2
nodes:
  - { id: cam, plugin: video_test_source, config: { frames: 1 } }
  - { id: find, plugin: detector, config: { model: yard.onnx, family: yolov8 } }
  - { id: end, plugin: print_sink }
edges: [{ from: cam, to: find }, { from: find, to: end }]
`;

describe("schnitzel models lock and verify", () => {
  test("pin a graph's models, and tell when one has changed or is gone", async () => {
    using at = folderWith({ "g.yaml": GRAPH });
    fs.writeFileSync(at.at("yard.onnx"), IDENTITY);
    const check = async () => (await models(at, "lock", at.at("g.yaml"), "--check")).code;
    expect(await check()).toBe(1);
    expect(await models(at, "lock", at.at("g.yaml"))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(": written"),
    });
    expect(fs.readFileSync(at.at("models.lock.yaml"), "utf8")).toEndWith(
      `version: 1\nmodels:\n  - model: "yard.onnx"\n    sha256: ${hash(IDENTITY)}\n`,
    );
    expect({ check: await check(), verify: (await models(at, "verify", "g.yaml")).code }).toEqual({
      check: 0,
      verify: 0,
    });
    fs.writeFileSync(at.at("yard.onnx"), sobelModel());
    const changed = await models(at, "verify", "g.yaml", "--json");
    expect({ check: await check(), verify: changed.code, ok: changed.json().ok }).toEqual({
      ...{ check: 1, verify: 1, ok: false },
    });
    expect(changed.json().models.at(-1)).toEqual({
      ...{ where: "locked", model: "yard.onnx", sha256: hash(IDENTITY) },
      fault: `it has sha256 ${hash(sobelModel())} now: put the pinned file back`,
    });
    fs.rmSync(at.at("yard.onnx"));
    expect(await models(at, "verify")).toMatchObject({ code: 1, stderr: expect.stringContaining("there is no file") });
    expect(await models(at, "lock", at.at("g.yaml"))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there is no file"),
    });
  });

  test("find damage in the store", async () => {
    using at = folderWith({});
    fs.writeFileSync(at.at("yard.onnx"), IDENTITY);
    await models(at, "add", "yard.onnx");
    const sound = await models(at, "verify");
    expect(sound).toMatchObject({ code: 0, stdout: expect.stringMatching(/ok +stored +yard/) });
    fs.appendFileSync(at.at("store/yard.onnx"), "x");
    expect(await models(at, "verify")).toMatchObject({
      ...{ code: 1, stdout: expect.stringMatching(/fault +stored +yard/) },
      stderr: expect.stringContaining("pull or add it again"),
    });
  });

  test("refuse a graph that is not there or has errors", async () => {
    using at = folderWith({ "bad.yaml": GRAPH.replace("print_sink", "prnt_sink") });
    expect((await models(at, "lock", at.at("bad.yaml"))).stderr).toContain("did you mean");
    expect((await models(at, "lock", "none.yaml")).code).toBe(2);
    expect((await models(at, "verify", "none.yaml")).code).toBe(2);
  });
});

describe("schnitzel models ls", () => {
  test("shows what is in the binary, what is stored and what is to be pulled", async () => {
    using at = folderWith({});
    const { code, stdout } = await models(at, "ls");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^NAME +SIZE +LICENSE +WHERE +WHAT\n/);
    expect(stdout).toMatch(/\nyolox_nano +3.7 MB +Apache-2.0 +pull /);
    const { models: listed } = (await models(at, "ls", "--json")).json();
    expect(listed[0]).toMatchObject({ name: "face_tiny", sha256: FACE.sha256, family: "yolov8", classes: 1 });
  });
});
