import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { type Answer, askProgram } from "../../src/media/ask_program.ts";
import { readNames, readVersion, timeoutFlag } from "../../src/media/ffmpeg_facts.ts";
import { cacheFolders, type FfmpegMachine } from "../../src/media/ffmpeg_machine.ts";
import { ffmpegFinder } from "../../src/media/find_ffmpeg.ts";
import { findFfmpeg, searchFfmpeg } from "../../src/media/index.ts";
import { temporaryFolder } from "../support/folder.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
let made = 0;
const newFolder = () => fs.mkdtempSync(path.join(folder.path, `${made++}-`));

/** A program that answers as ffmpeg of that version does; `first` comes before. */
const standIn = (version: string, first = "") => `#!/bin/sh
${first}
case $* in
  *-version) echo "ffmpeg version ${version} Copyright"; echo "libavutil      57. 28.100 / 57. 28.100" ;;
  *-filters) echo " T.C scale             V->V       Scale the input" ;;
esac
`;

function program(script: string, at = path.join(newFolder(), "ffmpeg"), mode = 0o755): string {
  fs.mkdirSync(path.dirname(at), { recursive: true });
  fs.writeFileSync(at, script, { mode });
  return at;
}

/** A machine with nothing on it but what is given. */
function machine(has: Partial<FfmpegMachine> & { PATH?: string } = {}): FfmpegMachine {
  const { PATH = newFolder(), env = {}, ...rest } = has;
  const nothing = {
    besideBinary: undefined,
    project: undefined,
    uid: process.getuid!(),
    embedded: async () => undefined,
  };
  return { ...nothing, executable: "ffmpeg", ask: askProgram, caches: [newFolder()], ...rest, env: { PATH, ...env } };
}

function embeddedProgram(script = standIn("5.1.9-schnitzel")) {
  const bytes = Buffer.from(script);
  const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  let taken = 0;
  const embedded = async () => ({
    sha256,
    bytes: async () => {
      taken += 1;
      return bytes;
    },
  });
  return { embedded, taken: () => taken };
}

const reasons = async (has: FfmpegMachine, configured?: string) =>
  (await searchFfmpeg(has, configured)).passedOver.map(({ place, reason }) => `${place}: ${reason}`).join("\n");

describe("the order of the search", () => {
  const [configured, variable] = [program(standIn("6.1")), program(standIn("6.2"))];
  const [beside, onPath] = [program(standIn("6.3")), program(standIn("6.4"))];
  const project = newFolder();
  program(standIn("6.5"), path.join(project, "node_modules/ffmpeg-static/ffmpeg"));
  const everything = {
    env: { SCHNITZEL_FFMPEG: variable },
    besideBinary: path.dirname(beside),
    PATH: path.dirname(onPath),
    project,
    embedded: embeddedProgram().embedded,
  };
  const { env: _, ...unnamed } = everything;
  const { besideBinary: __, ...notBeside } = unnamed;
  const { PATH: ___, ...notOnPath } = notBeside;
  const { project: ____, ...onlyEmbedded } = notOnPath;

  for (const [from, has, config] of [
    ["config", everything, configured],
    ["SCHNITZEL_FFMPEG", everything],
    ["beside the binary", unnamed],
    ["PATH", notBeside],
    ["the ffmpeg-static package", notOnPath],
    ["embedded", onlyEmbedded],
  ] as const) {
    test(`${from} comes before what follows it`, async () => {
      expect((await searchFfmpeg(machine(has), config)).found).toMatchObject({ from });
    });
  }

  test("a word without a slash is looked up on PATH", async () => {
    const at = program(standIn("4.4"), path.join(newFolder(), "ffmpeg4"));
    const { found } = await searchFfmpeg(machine({ PATH: path.dirname(at) }), "ffmpeg4");
    expect(found).toMatchObject({ file: at, version: { major: 4, minor: 4 } });
  });

  test("an empty SCHNITZEL_FFMPEG is as none", async () => {
    const { found } = await searchFfmpeg(machine({ ...notBeside, env: { SCHNITZEL_FFMPEG: "" } }));
    expect(found).toMatchObject({ from: "PATH" });
  });
});

describe("a candidate that does not work", () => {
  const PATH = path.dirname(program(standIn("6.0")));
  for (const [what, script, reason] of [
    ["too old", standIn("3.4.8"), /too old: "ffmpeg version 3.4.8 Copyright", and 4\.0 or newer is needed/],
    ["crashing", "#!/bin/sh\nkill -SEGV $$\n", /crashed when asked for -version \(SIGSEGV\)/],
    ["failing", "#!/bin/sh\necho 'lib.so: no such library' >&2; exit 127\n", /exit code 127, lib\.so: no such library/],
    ["no ffmpeg", "#!/bin/sh\necho hello\n", /does not answer -version as ffmpeg does/],
    ["empty", "", /does not answer -version|cannot be started/],
    ["flooding stderr", "#!/bin/sh\nexec yes >&2\n", /printed more than 1 MiB when asked for -version/],
  ] as const) {
    test(`and was named is an error that says so, and no other is taken: ${what}`, async () => {
      const file = program(script);
      const error = await ffmpegFinder(machine({ PATH }))(file).catch((thrown: Error) => thrown.message);
      expect(error).toMatch(reason);
      expect(error).toContain(file);
      expect(error).toContain("cannot use the ffmpeg that was named");
    });

    test(`and was not named is passed over with the reason: ${what}`, async () => {
      const search = await searchFfmpeg(machine({ besideBinary: path.dirname(program(script)), PATH }));
      expect(search.found).toMatchObject({ from: "PATH" });
      expect(search.passedOver[0]!.reason).toMatch(reason);
    });
  }

  test("is not executable, not there, or a folder", async () => {
    const plain = program(standIn("6.0"), undefined, 0o644);
    expect(await reasons(machine(), plain)).toMatch(/cannot be started: .*EACCES|permission denied/i);
    expect(await reasons(machine(), `${plain}.gone`)).toContain("there is no such file");
    expect(await reasons(machine(), path.dirname(plain))).toContain("it is not a file");
    expect(await reasons(machine({ env: { SCHNITZEL_FFMPEG: "no-such" } }))).toContain("no program of that name");
  });

  test("and hangs is stopped at the deadline, with the child it waits for", async () => {
    const late: Answer = { code: null, signal: "SIGKILL", out: "", error: "", late: true, flood: false };
    const file = program(standIn("6.0"));
    expect(await reasons(machine({ ask: async () => late }), file)).toContain("did not answer -version within 15 s");
  });
});

test("no ffmpeg anywhere: every place looked at, and how to get one", async () => {
  const error = await ffmpegFinder(machine({ besideBinary: "/nowhere" }))().catch((thrown: Error) => thrown.message);
  expect(error).toMatch(
    /beside the binary: there is no \/nowhere\/ffmpeg; PATH: it has no ffmpeg; embedded: this build/,
  );
  expect(error).toMatch(/apt install ffmpeg.*SCHNITZEL_FFMPEG.*full build/);
});

describe("the embedded ffmpeg", () => {
  test("is laid into the cache once, and taken from there afterwards", async () => {
    const { embedded, taken } = embeddedProgram();
    const caches = [newFolder()];
    const first = (await searchFfmpeg(machine({ embedded, caches }))).found!;
    expect(first.file).toMatch(/ffmpeg-[0-9a-f]{16}\/ffmpeg$/);
    expect(first.file).toStartWith(caches[0]!);
    expect((await searchFfmpeg(machine({ embedded, caches }))).found!.file).toBe(first.file);
    expect(taken()).toBe(1);
    expect(fs.readdirSync(path.dirname(first.file))).toEqual(["ffmpeg"]);
  });

  test("is laid anew when what lies there was changed", async () => {
    const { embedded } = embeddedProgram();
    const caches = [newFolder()];
    const { file } = (await searchFfmpeg(machine({ embedded, caches }))).found!;
    const right = fs.readFileSync(file, "utf8");
    fs.writeFileSync(file, right.replace("schnitzel", "planted!!"));
    expect((await searchFfmpeg(machine({ embedded, caches }))).found!.version.text).toContain("5.1.9-schnitzel");
    expect(fs.readFileSync(file, "utf8")).toBe(right);
  });

  test("goes into the next folder where the first cannot start it, cannot hold it, or is a stranger's", async () => {
    const { embedded } = embeddedProgram();
    const [noexec, taken, open, good] = [newFolder(), newFolder(), newFolder(), newFolder()];
    fs.writeFileSync(path.join(taken, "file"), "");
    fs.chmodSync(open, 0o777);
    const ask: FfmpegMachine["ask"] = (file, args) =>
      file.startsWith(noexec) ? Promise.reject(new Error("EACCES: permission denied")) : askProgram(file, args);
    const caches = [noexec, path.join(taken, "file"), open, good];
    const { found, passedOver } = await searchFfmpeg(machine({ embedded, caches, ask }));
    expect(found!.file).toStartWith(good);
    expect(passedOver.map(({ reason }) => reason).slice(1)).toEqual([
      expect.stringContaining("EACCES"),
      expect.stringMatching(/ENOTDIR|EEXIST/),
      `${open} can be written by other users`,
    ]);
  });

  test("is refused where the folder belongs to another user", async () => {
    const caches = [newFolder()];
    const { embedded } = embeddedProgram();
    if (process.getuid!() === 0) fs.chownSync(caches[0]!, 12_345, 12_345);
    const uid = process.getuid!() === 0 ? 0 : 12_345;
    expect(await reasons(machine({ embedded, caches, uid }))).toContain("belongs to another user");
  });
});

test("the folders of the cache: XDG_CACHE_HOME or ~/.cache, then one of this user's in the temporary folder", () => {
  expect(cacheFolders({ XDG_CACHE_HOME: "/x", HOME: "/h" }, "/tmp", 7)).toEqual(["/x/schnitzel", "/tmp/schnitzel-7"]);
  expect(cacheFolders({ XDG_CACHE_HOME: "x", HOME: "/h" }, "/tmp", 7)[0]).toBe("/h/.cache/schnitzel");
  expect(cacheFolders({}, "/tmp", undefined)).toEqual(["/tmp/schnitzel"]);
});

describe("what an ffmpeg tells of itself", () => {
  test("is asked once in a process, and once for a file that stays as it is", async () => {
    const asked: string[] = [];
    const ask: FfmpegMachine["ask"] = (file, args) => {
      asked.push(args.at(-1)!);
      return askProgram(file, args);
    };
    const file = program(standIn("6.0"));
    const has = machine({ ask });
    const find = ffmpegFinder(has);
    expect(await find(file)).toBe(await find(file));
    expect(asked).toHaveLength(8);
    await ffmpegFinder(has)(file);
    expect(asked).toHaveLength(8);
    fs.appendFileSync(file, "# newer\n");
    await ffmpegFinder(has)(file);
    expect(asked).toHaveLength(16);
  });

  test("is kept of the last sixteen files, and of the one that was asked last", async () => {
    const caches = [newFolder()];
    for (let count = 0; count < 18; count += 1) await searchFfmpeg(machine({ caches }), program(standIn("6.0")));
    expect(fs.readdirSync(caches[0]!)).toHaveLength(16);
  });

  test("a search that failed is done again, as somebody may have installed one", async () => {
    const PATH = newFolder();
    const find = ffmpegFinder(machine({ PATH }));
    expect(await find().catch(() => "none")).toBe("none");
    program(standIn("7.0"), path.join(PATH, "ffmpeg"));
    expect(await find()).toMatchObject({ version: { major: 7 } });
  });

  for (const [name, major, minor] of [
    ["5.1.9-0+deb12u1", 5, 1],
    ["n6.1", 6, 1],
    ["8", 8, 0],
    ["N-109542-g1bf1cc53d8", 5, 0],
    ["2024-01-01-git-2c8a8", 5, 0],
  ] as const) {
    test(`the version of ${name}`, () => {
      const text = `ffmpeg version ${name} Copyright\nlibavutil      57. 28.100 / 57. 28.100\n`;
      expect(readVersion(text)).toMatchObject({ major, minor });
    });
  }

  test("before 5 the option of a silent RTSP connection has another name", () => {
    const version = (major: number) => ({ version: { major, minor: 0, text: "" } });
    expect([4, 5, 8].map((major) => timeoutFlag(version(major)))).toEqual(["-stimeout", "-timeout", "-timeout"]);
  });

  test("names with commas are several, and legends are none", () => {
    const text = "File formats:\n D. = Demuxing supported\n --\n D  matroska,webm   Matroska / WebM\n DE wav  WAV\n";
    expect(readNames("demuxer", text)).toEqual(["matroska", "webm", "wav"]);
    expect(readNames("decoder", " V..... = Video\n ------\n VFS..D h264    H.264\n A....D aac  AAC\n")).toEqual([
      "h264",
      "aac",
    ]);
  });
});

test("the ffmpeg of this machine decodes H.264 from RTSP, and scales", async () => {
  const ffmpeg = await findFfmpeg();
  expect(ffmpeg.can("demuxer", "rtsp") && ffmpeg.can("decoder", "h264") && ffmpeg.can("filter", "scale")).toBe(true);
  expect(ffmpeg.can("decoder", "no_such_codec")).toBe(false);
});
