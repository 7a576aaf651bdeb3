import { afterEach, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { spawnChild } from "../../src/cli/spawn_child.ts";
import { temporaryFolder } from "../support/folder.ts";

const folder = temporaryFolder();
afterEach(() => {
  for (const name of fs.readdirSync(folder.path)) fs.rmSync(path.join(folder.path, name));
});

/** How long a process may take to go: it is killed, so a busy machine's few seconds. */
const LIMIT_SEC = 10;

/** Bun's `--no-orphans`, with which the tests run, would have the guard end together with what it watches over. */
const ALONE = { ...process.env, BUN_FEATURE_FLAG_NO_ORPHANS: undefined };

/** A pipe that the processes of a test hold open: they say `up` into it, and its end tells that all are gone. */
function pipeOfAll() {
  const file = path.join(folder.path, "held");
  if (!Bun.spawnSync(["mkfifo", file]).success) throw new Error("cannot make a pipe with mkfifo");
  const cat = Bun.spawn(["timeout", String(LIMIT_SEC), "cat", file], { stdout: "pipe" });
  const reader = cat.stdout.getReader();
  return {
    file,
    up: async () => expect(new TextDecoder().decode((await reader.read()).value)).toStartWith("up"),
    async ended() {
      while (!(await reader.read()).done);
      if ((await cat.exited) !== 0) throw new Error("a process is left");
    },
  };
}

const sh = (script: string, ...args: string[]) => ["/bin/sh", "-c", script, "sh", ...args];

/** A process that never ends by itself, nor when it is asked to. */
const STUBBORN = "trap '' TERM INT HUP; while :; do sleep 60; done";

/** Holds the pipe of the test and never ends. */
const HOLDING = `exec 9>"$1"; echo up >&9; ${STUBBORN}`;

test("spawnChild() leads a group of its own, with no descriptor but its three", async () => {
  const child = spawnChild({ argv: sh("cut -d' ' -f5 /proc/$$/stat; ls /proc/$$/fd") });
  const [group, ...descriptors] = (await new Response(child.stdout).text()).trim().split(/\s+/);
  expect(Number(group)).toBe(child.pid);
  expect(descriptors).toEqual(["0", "1", "2"]);
  expect(await child.exited).toEqual({ code: 0, signal: null });
});

test("spawnChild() bounds files, memory and core files of the child", async () => {
  const child = spawnChild({ argv: sh("ulimit -n; ulimit -c; ulimit -d") });
  const [files, core, data] = (await new Response(child.stdout).text()).trim().split("\n");
  expect([files, core]).toEqual(["256", "0"]);
  expect(Number(data) * 1_024).toBeLessThanOrEqual(4 * 1024 ** 3);
});

test("a child that takes more memory than it may fails, and nobody else does", async () => {
  const child = spawnChild({ argv: ["dd", "if=/dev/zero", "of=/dev/null", "bs=5G", "count=1"] });
  expect(await child.exited).toMatchObject({ code: 1 });
  expect(child.stderrTail()).toContain("memory exhausted");
});

test("what a child wrote before it ended is read afterwards, and its exit code is its own", async () => {
  const child = spawnChild({ argv: sh("echo out; echo err >&2; exit 7") });
  expect(await child.exited).toEqual({ code: 7, signal: null });
  expect(await new Response(child.stdout).text()).toBe("out\n");
  expect(child.stderrTail()).toBe("err\n");
});

test("stdin reaches a child that asked for it, and ends", async () => {
  const child = spawnChild({ argv: ["cat"], stdin: "pipe" });
  await child.write(Buffer.from("hello"));
  child.end();
  expect(await new Response(child.stdout).text()).toBe("hello");
});

test("a program that is not there, or not executable, is an error that names it", () => {
  const file = path.join(folder.path, "plain");
  fs.writeFileSync(file, "no program", { mode: 0o644 });
  expect(() => spawnChild({ argv: ["no-such-program"] })).toThrow(/cannot start no-such-program: .* PATH/);
  expect(() => spawnChild({ argv: [`${file}.gone`] })).toThrow(/plain\.gone: there is no such file/);
  expect(() => spawnChild({ argv: [file] })).toThrow(/plain: it is not executable/);
});

test("stop() asks, and kills a child that does not listen, with its grandchildren", async () => {
  const held = pipeOfAll();
  const child = spawnChild({
    argv: sh(`exec 9>"$1"; trap '' TERM; echo up >&9; (${STUBBORN}) & ${STUBBORN}`, held.file),
  });
  await held.up();
  await child.stop(300);
  expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
  await held.ended();
});

test("stop() lets a child end in its own way within the grace", async () => {
  const child = spawnChild({ argv: sh("trap 'echo tidy; exit 3' TERM; echo up; while :; do sleep 0.05; done") });
  const reader = child.stdout.getReader();
  await reader.read();
  await child.stop(LIMIT_SEC * 1_000);
  expect(await child.exited).toEqual({ code: 3, signal: null });
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("tidy\n");
});

test("what a child leaves running ends with it", async () => {
  const held = pipeOfAll();
  const child = spawnChild({ argv: sh(`exec 9>"$1"; echo up >&9; (${STUBBORN}) & exit 0`, held.file) });
  await Promise.all([held.ended(), child.exited]);
});

for (const [what, script] of [
  ["hangs without a word", STUBBORN],
  ["has a grandchild that hangs as well", `(${STUBBORN}) & ${STUBBORN}`],
  ["floods stdout and is not read", "trap '' PIPE TERM; yes"],
] as const) {
  test(`kill -9 of schnitzel ends a child that ${what}`, async () => {
    const held = pipeOfAll();
    const parent = Bun.spawn(
      [
        process.execPath,
        path.join(import.meta.dir, "../support/spawning.ts"),
        ...sh(`exec 9>"$1"; echo up >&9; ${script}`, held.file),
      ],
      { stdout: "pipe", env: ALONE },
    );
    const pid = Number(new TextDecoder().decode((await parent.stdout.getReader().read()).value));
    await held.up();
    expect(fs.existsSync(`/proc/${pid}`)).toBe(true);
    parent.kill("SIGKILL");
    await held.ended();
  }, 20_000);
}

test("a guard that was killed is replaced by one that knows the children", async () => {
  const held = pipeOfAll();
  const parent = Bun.spawn(
    [process.execPath, path.join(import.meta.dir, "../support/spawning.ts"), ...sh(HOLDING, held.file)],
    { stdout: "pipe", env: ALONE },
  );
  await held.up();
  const [first] = guardsOf(parent.pid);
  process.kill(first!, "SIGKILL");
  // It reads, so it was told: both are done before schnitzel does anything else.
  await until(() => guardsOf(parent.pid).some((pid) => pid !== first && isAsleep(pid)));
  parent.kill("SIGKILL");
  await held.ended();
});

/** Processes that `parent` started as guards. */
function guardsOf(parent: number): number[] {
  const children = fs.readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ").map(Number);
  return children.filter((pid) => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("noted="));
}

const isAsleep = (pid: number) => /State:\s+S/.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));

test("a child that prints gigabytes to stderr costs no memory, and its last words are kept", async () => {
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  const child = spawnChild({ argv: sh("head -c 1000000000 /dev/zero >&2; echo last words >&2"), stderrBytes: 64 });
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.stderrTail()).toEndWith("\0last words\n");
  expect(child.stderrTail()).toHaveLength(64);
  expect(process.memoryUsage.rss() - before).toBeLessThan(150e6);
}, 60_000);

test("a child that floods stdout waits until somebody reads", async () => {
  const child = spawnChild({ argv: ["yes"] });
  const written = () => Number(/wchar: (\d+)/.exec(fs.readFileSync(`/proc/${child.pid}/io`, "utf8"))![1]);
  // It waits for the pipe: asleep, and what it wrote fits the pipes between.
  await until(() => isAsleep(child.pid) && written() > 60_000);
  expect(written()).toBeLessThan(2e6);
  child.kill();
  expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
});

async function until(isSo: () => boolean) {
  const limit = performance.now() + LIMIT_SEC * 1_000;
  while (!isSo()) {
    if (performance.now() > limit) throw new Error("it did not come to that");
    await Bun.sleep(5);
  }
}

test.if(process.platform === "linux")(
  "a child in the background gives way to the others, and what it starts as well",
  async () => {
    // Field 19 of /proc/PID/stat; the shell's own child says it of itself.
    const say = "cut -d' ' -f19 /proc/self/stat";
    const niceness = async (background: boolean) => {
      // It waits for a line, so that it is told before it starts anything.
      const child = spawnChild({ argv: ["sh", "-c", `read line; ${say}`], stdin: "pipe", background });
      await child.write(new TextEncoder().encode("go\n"));
      child.end();
      return Number(await new Response(child.stdout).text());
    };
    const own = await niceness(false);
    expect(await niceness(true)).toBe(Math.min(19, Math.max(own, 10)));
  },
);
