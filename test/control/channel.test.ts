import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { ControlError, callControl, serveControl, type Verbs } from "../../src/control/index.ts";
import { MAX_LINE_BYTES } from "../../src/control/lines.ts";
import { virtualClock } from "../support/clock.ts";
import { temporaryFolder } from "../support/folder.ts";

/** A server with these verbs in a folder of its own. */
async function setup(verbs: Verbs, { clock = virtualClock(), name = "control.sock" } = {}) {
  const folder = temporaryFolder();
  const file = path.join(folder.path, "state", name);
  const errors: string[] = [];
  const onError = ({ message }: Error) => void errors.push(message);
  const serve = () => serveControl({ path: file, verbs, clock, onError });
  const server = await serve();
  return {
    file,
    clock,
    errors,
    serve,
    server,
    call: (
      verb: string,
      args: unknown = {},
      options: { onItem?: (item: unknown) => void; signal?: AbortSignal } = {},
    ) => callControl(file, verb, args, { clock, ...options }),
    async [Symbol.asyncDispose]() {
      await server.close();
      folder[Symbol.dispose]();
    },
  };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error) => (error as { code?: string }).code,
  );

/** Writes bytes as they are, and gives all that comes back. */
function raw(file: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const socket = net.connect(file, () => socket.write(text));
    socket.on("data", (chunk) => {
      heard += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(heard));
  });
}

describe("a control channel", () => {
  test("carries a verb's arguments there and its result back", async () => {
    await using channel = await setup({ add: (args) => (args as number[]).reduce((a, b) => a + b) });
    expect(await channel.call("add", [1, 2, 3])).toBe(6);
  });

  test("is a socket that nobody else may open, in a folder that nobody else may enter", async () => {
    await using channel = await setup({});
    const mode = (file: string) => (fs.statSync(file).mode & 0o777).toString(8);
    expect([mode(channel.file), mode(path.dirname(channel.file))]).toEqual(["600", "700"]);
  });

  test("sends the items of a long answer in order, and no faster than they are taken", async () => {
    let sent = 0;
    const verbs: Verbs = {
      async count(_, { send }) {
        for (; sent < 5_000; sent++) await send({ at: sent, text: "x".repeat(1_000) });
        return sent;
      },
    };
    await using channel = await setup(verbs);
    const items: number[] = [];
    let ahead = 0;
    const onItem = async (item: unknown) => {
      items.push((item as { at: number }).at);
      await new Promise((resolve) => setImmediate(resolve));
      ahead = Math.max(ahead, sent - items.length);
    };
    expect(await channel.call("count", {}, { onItem })).toBe(5_000);
    expect(items).toEqual(Array.from({ length: 5_000 }, (_, at) => at));
    // What the socket and both streams buffer, far from all of it.
    expect(ahead).toBeLessThan(2_500);
  });

  test("answers a refusal with its code and its message", async () => {
    const refuse = () => {
      throw new ControlError("QUEUE_UNKNOWN", "there is no queue x");
    };
    await using channel = await setup({ refuse });
    await expect(channel.call("refuse")).rejects.toMatchObject({
      code: "QUEUE_UNKNOWN",
      message: "there is no queue x",
    });
    expect(channel.errors).toEqual([]);
  });

  test("answers a fault of ours, tells the log and goes on", async () => {
    const verbs: Verbs = {
      async fail() {
        throw new Error("oh");
      },
      fine: () => "fine",
    };
    await using channel = await setup(verbs);
    expect(await codeOf(channel.call("fail"))).toBe("CONTROL_FAILED");
    expect([channel.errors, await channel.call("fine")]).toEqual([["oh"], "fine"]);
  });

  test("refuses a verb it does not know and names those it does", async () => {
    await using channel = await setup({ status: () => 1 });
    await expect(channel.call("toString")).rejects.toThrow('no verb "toString"; it knows status');
  });

  for (const [what, request] of [
    ["no JSON", "status\n"],
    ["no verb", '{"args":1}\n'],
    ["null", "null\n"],
  ] as const) {
    test(`refuses a request that is ${what}`, async () => {
      await using channel = await setup({ status: () => 1 });
      expect(await raw(channel.file, request)).toContain('"code":"CONTROL_REQUEST"');
    });
  }

  test("refuses a request that has no end", async () => {
    await using channel = await setup({ status: () => 1 });
    expect(await raw(channel.file, "x".repeat(MAX_LINE_BYTES + 1))).toContain("a line may have");
  });

  test("gives up on whoever sends no request", async () => {
    await using channel = await setup({});
    const heard = raw(channel.file, "");
    while (channel.clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    channel.clock.advance(10_000);
    expect(await heard).toContain("hello");
  });

  test("calls a verb off when whoever asked has gone", async () => {
    let begun = () => {};
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let calledOff = () => {};
    const ended = new Promise<void>((resolve) => {
      calledOff = resolve;
    });
    const wait: Verbs[string] = (_, { signal }) => {
      begun();
      return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(calledOff())));
    };
    await using channel = await setup({ wait });
    const asker = new AbortController();
    const answer = codeOf(channel.call("wait", {}, { signal: asker.signal }));
    await started;
    asker.abort();
    await ended;
    expect(await answer).toBe("CONTROL_GONE");
  });

  test("refuses the seventeenth who asks at once", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await using channel = await setup({ wait: () => held });
    const answers = Array.from({ length: 17 }, () => codeOf(channel.call("wait")));
    expect(await Promise.race(answers)).toBe("CONTROL_CROWDED");
    release();
    expect((await Promise.all(answers)).filter((code) => code === "none")).toHaveLength(16);
  });

  test("breaks off with what is under way when it is closed, and leaves no file", async () => {
    let begun = () => {};
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const wait = () => {
      begun();
      return new Promise(() => {});
    };
    await using channel = await setup({ wait });
    const answer = codeOf(channel.call("wait"));
    await started;
    await channel.server.close();
    expect([await answer, fs.existsSync(channel.file)]).toEqual(["CONTROL_GONE", false]);
  });

  test("is refused to a second process while the first answers, which is named", async () => {
    await using channel = await setup({});
    await expect(channel.serve()).rejects.toThrow(`process ${process.pid} does`);
    expect(await codeOf(channel.serve())).toBe("CONTROL_TAKEN");
  });

  test("takes the place of a socket whose process was killed", async () => {
    using folder = temporaryFolder();
    const file = path.join(folder.path, "control.sock");
    const script = `require("node:net").createServer(() => {}).listen(${JSON.stringify(file)}, () => process.kill(process.pid, "SIGKILL"))`;
    await Bun.spawn([process.execPath, "-e", script]).exited;
    expect(fs.lstatSync(file).isSocket()).toBe(true);
    const clock = virtualClock();
    const server = await serveControl({ path: file, verbs: { fine: () => "fine" }, clock, onError() {} });
    expect(await callControl(file, "fine", {}, { clock })).toBe("fine");
    await server.close();
  });

  test("leaves a file that is no socket alone", async () => {
    using folder = temporaryFolder();
    const file = path.join(folder.path, "control.sock");
    fs.writeFileSync(file, "mine");
    const serving = serveControl({ path: file, verbs: {}, clock: systemClock, onError() {} });
    expect(await codeOf(serving)).toBe("CONTROL_SOCKET");
    expect(fs.readFileSync(file, "utf8")).toBe("mine");
  });

  test("works at a path that is longer than the kernel's structure for one", async () => {
    using folder = temporaryFolder();
    const file = path.join(folder.path, "d".repeat(120), "control.sock");
    const clock = virtualClock();
    const server = await serveControl({ path: file, verbs: { fine: () => "fine" }, clock, onError() {} });
    expect(await callControl(file, "fine", {}, { clock })).toBe("fine");
    await server.close();
    expect(fs.existsSync(file)).toBe(false);
  });

  test("says what to do where no socket can be made", async () => {
    await using channel = await setup({});
    const file = path.join(path.dirname(channel.file), `${"n".repeat(250)}.sock`);
    const serving = serveControl({ path: file, verbs: {}, clock: channel.clock, onError() {} });
    await expect(serving).rejects.toThrow("--state-dir");
  });
});

describe("callControl()", () => {
  test("rejects with the system's code where no process is", async () => {
    using folder = temporaryFolder();
    const call = callControl(path.join(folder.path, "none.sock"), "status", {}, { clock: virtualClock() });
    expect(await codeOf(call)).toBe("ENOENT");
  });

  test("gives up on a process that has the socket and says nothing", async () => {
    using folder = temporaryFolder();
    const file = path.join(folder.path, "mute.sock");
    const mute = net.createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(file, resolve));
    const clock = virtualClock();
    const call = codeOf(callControl(file, "status", {}, { clock }));
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(10_000);
    expect(await call).toBe("CONTROL_SILENT");
    mute.close();
  });
});
