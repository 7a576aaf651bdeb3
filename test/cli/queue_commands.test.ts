import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { systemClock } from "../../src/base/clock.ts";
import { openInline, openPredecessorQueue, predecessorCodec, type Queue } from "../../src/store/index.ts";
import { cli, folderWith } from "../support/cli.ts";
import { entry, letter, packet } from "../support/queues.ts";

const GRAPH = `version: 2
name: yard
nodes:
  - { id: detect, plugin: generate_source, config: { count: 1 } }
  - { id: alarms, plugin: null_sink }
edges: [{ from: detect, to: alarms, durable: true }]
`;
const EDGE = "detect.out->alarms.in";
const EDGE_FILE = "state/yard/queues/detect.out+alarms.in.sqlite3";
const LETTERS_FILE = "state/yard/dead_letters.sqlite3";

/** The folder of a graph that ran once: five rows wait, and two nodes have each a dead letter. */
async function setup() {
  const { at, folder, ...rest } = folderWith({ "yard.yaml": GRAPH });
  const using = async (file: string, fill: (queue: Queue) => Promise<unknown>) => {
    const queue = await openInline(at(file), { clock: systemClock, onEvent() {}, ballastBytes: 0, minFreeBytes: 0 });
    await fill(queue);
    await queue.close();
  };
  await using(EDGE_FILE, (queue) => queue.enqueue([1, 2, 3, 4, 5].map((number) => entry(number))));
  await using(LETTERS_FILE, (queue) => queue.setAside([letter(1, "alarms", 1_000), letter(2, "gone", 2_000)]));
  const run = (...argv: string[]) => cli(["queue", ...argv], { cwd: folder });
  return {
    ...rest,
    at,
    folder,
    using,
    /** `schnitzel queue …` about the graph. */
    queue: ([verb, ...args]: readonly [string, ...string[]]) =>
      run(verb, at("yard.yaml"), "--state-dir", "state", ...args),
    run,
    async json(...[verb, ...args]: readonly [string, ...string[]]) {
      const { stdout } = await run(verb, at("yard.yaml"), "--state-dir", "state", "--json", ...args);
      return JSON.parse(stdout);
    },
  };
}

const keysOf = ({ rows }: { rows: { key: string }[] }) => rows.map(({ key }) => key);

describe("schnitzel queue ls", () => {
  test("shows the queues of a graph that does not run", async () => {
    using made = await setup();
    const { code, stdout, stderr } = await made.queue(["ls"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n").map((line) => line.split(/ {2,}/).slice(0, 4))).toEqual([
      ["QUEUE", "READY", "LEASED", "DEAD"],
      [EDGE, "5", "0", "0"],
      ["dead_letters", "0", "0", "2"],
      [""],
    ]);
  });

  test("finds them by the graph's name, and one by its file", async () => {
    using made = await setup();
    const byName = await made.run("ls", "yard", "--state-dir", "state", "--json");
    expect(JSON.parse(byName.stdout).queues).toMatchObject([
      { name: EDGE, ready: 5 },
      { name: "dead_letters", dead: 2 },
    ]);
    const byFile = await made.run("ls", EDGE_FILE, "--json");
    expect(JSON.parse(byFile.stdout)).toMatchObject({ running: null, queues: [{ name: EDGE_FILE, ready: 5 }] });
  });

  test("says what is there when it is something else", async () => {
    using made = await setup();
    const { code, stderr } = await made.run("ls", "yrad", "--state-dir", "state");
    expect([code, stderr.includes("did you mean yard?")]).toEqual([2, true]);
    const edge = await made.queue(["ls", "detect->alarm"]);
    expect([edge.code, edge.stderr]).toEqual([
      2,
      'QUEUE_UNKNOWN: there is no queue "detect->alarm": did you mean detect->alarms?\n',
    ]);
  });

  test("refuses a database that is no queue, and leaves it as it is", async () => {
    using made = await setup();
    new Database(made.at("other.sqlite3")).run("CREATE TABLE mine (a)");
    const before = fs.readFileSync(made.at("other.sqlite3"));
    expect((await made.run("ls", "other.sqlite3")).code).toBe(3);
    expect(fs.readFileSync(made.at("other.sqlite3"))).toEqual(before);
  });

  test("exits 73 and names the process that has the file and is no run", async () => {
    using made = await setup();
    const script = `
      const { Database } = await import("bun:sqlite");
      const db = new Database(${JSON.stringify(made.at(EDGE_FILE))});
      db.run("PRAGMA locking_mode = EXCLUSIVE");
      db.run("BEGIN IMMEDIATE");
      console.log("has it");
      await Bun.stdin.text();`;
    const holder = Bun.spawn([process.execPath, "-e", script], { stdin: "pipe", stdout: "pipe" });
    await holder.stdout.getReader().read();
    const { code, stderr } = await made.queue(["ls"]);
    holder.stdin.end();
    await holder.exited;
    expect([code, stderr.startsWith("QUEUE_BUSY: ")]).toEqual([73, true]);
  });
});

describe("schnitzel queue peek", () => {
  for (const [flags, expected] of [
    [
      ["--seq", "2..3"],
      ["p2", "p3"],
    ],
    [
      ["--seq", "4.."],
      ["p4", "p5"],
    ],
    [
      ["--seq", "..2"],
      ["p1", "p2"],
    ],
    [["--seq", "3"], ["p3"]],
    [["--kind", "event", "--limit", "1"], ["p2"]],
    [
      ["--where", "payload.at > 3"],
      ["p4", "p5"],
    ],
    [
      ["--since", "1h", "--source", "cam02"],
      ["p2", "p4"],
    ],
    [["--until", "1h"], []],
    [["--since", "2020-01-01", "--key", "p1"], ["p1"]],
    [["--dead", "--node", "gone"], ["p2@gone.in"]],
  ] as const) {
    test(`filters by ${flags.join(" ")}`, async () => {
      using made = await setup();
      expect(keysOf(await made.json("peek", ...flags))).toEqual([...expected]);
    });
  }

  for (const [flags, message] of [
    [["--node", "alarms"], "--node is for dead letters"],
    [
      ["--since", "yesterday"],
      '--since must be a time such as 2026-05-01T12:00Z, or 2h for two hours ago: current value is "yesterday"',
    ],
    [["--seq", "a..b"], "--seq must be a number or a range"],
    [["--seq", ".."], "--seq must be a number or a range"],
    [["--seq", "5..2"], "--seq must go upwards, as no row is in 5..2"],
    [["--limit", "100000"], "--limit is at most 10000 here: current value is 100000"],
    [["--where", "payload.at = 3"], "equality is written =="],
  ] as const) {
    test(`refuses ${flags.join(" ")}`, async () => {
      using made = await setup();
      const { code, stderr } = await made.queue(["peek", ...flags]);
      expect([code, stderr.includes(message)]).toEqual([2, true]);
    });
  }

  test("shows a line for each, with why a letter is dead", async () => {
    using made = await setup();
    const { stdout } = await made.queue(["peek", "--dead", "--node", "alarms"]);
    expect(stdout).toMatch(
      /^#1 {2}1970-01-01T00:00:01.000Z {2}sensor {2}cam01 {2}p1@alarms.in {2}3x {2}alarms: alarms refused it {2}\{"at":1\}\n$/,
    );
  });
});

describe("schnitzel queue show", () => {
  test("prints a row whole", async () => {
    using made = await setup();
    const { stdout } = await made.queue(["show", EDGE, "#2"]);
    expect(JSON.parse(stdout)).toMatchObject({ queue: EDGE, seq: 2, packet: { packet_id: "p2", payload: { at: 2 } } });
  });

  test("takes the queue of a file as the one that is meant", async () => {
    using made = await setup();
    expect(JSON.parse((await made.run("show", EDGE_FILE, "2")).stdout).seq).toBe(2);
  });

  test("means the only edge when none is named, though there are dead letters as well", async () => {
    using made = await setup();
    expect(JSON.parse((await made.queue(["show", "2"])).stdout)).toMatchObject({ queue: EDGE, seq: 2 });
  });

  test("exits 2 for a row that is not there", async () => {
    using made = await setup();
    expect((await made.queue(["show", EDGE, "9"])).code).toBe(2);
  });
});

describe("schnitzel queue purge", () => {
  for (const flags of [[], ["--dry-run"], ["--yes", "--dry-run"]]) {
    test(`changes nothing with ${flags.join(" ") || "no flag"}, and shows what it would remove`, async () => {
      using made = await setup();
      const { code, stdout, stderr } = await made.queue(["purge", EDGE, "--kind", "event", ...flags]);
      expect([code, stderr]).toEqual([0, "nothing was changed; --yes does it\n"]);
      expect(stdout).toStartWith(`${EDGE}: would remove 2 rows\n  #2  `);
      expect(keysOf(await made.json("peek", EDGE))).toHaveLength(5);
    });
  }

  test("removes with --yes, for good", async () => {
    using made = await setup();
    const { stdout } = await made.queue(["purge", EDGE, "--kind", "event", "--yes"]);
    expect(stdout).toBe(`${EDGE}: removed 2 rows\n`);
    expect(keysOf(await made.json("peek", EDGE))).toEqual(["p1", "p3", "p5"]);
  });
});

describe("schnitzel queue replay", () => {
  test("refuses letters of a node that the graph lost", async () => {
    using made = await setup();
    const { code, stderr } = await made.queue(["replay", "--dead", "--yes"]);
    expect([code, stderr.split(":")[0], stderr.includes("gone.in (1); send them elsewhere with --to NODE")]).toEqual([
      2,
      "QUEUE_NODE_GONE",
      true,
    ]);
  });

  test("sends them to another node, and the next run delivers them", async () => {
    using made = await setup();
    const { stdout } = await made.queue(["replay", "--dead", "--node", "gone", "--to", "alarms", "--yes"]);
    expect(stdout).toBe("dead_letters: replayed 1 dead letter\n");
    expect(keysOf(await made.json("peek", "dead_letters"))).toEqual(["p2@alarms.in"]);
  });
});

describe("schnitzel queue export and import", () => {
  test("move rows to another queue, which takes each once", async () => {
    using made = await setup();
    await made.using("other.sqlite3", async () => {});
    expect((await made.queue(["export", EDGE, "--out", "rows.jsonl"])).stdout).toBe("wrote 5 lines to rows.jsonl\n");
    expect((fs.statSync(made.at("rows.jsonl")).mode & 0o777).toString(8)).toBe("600");
    const imported = (...flags: string[]) => made.run("import", "other.sqlite3", "--from", "rows.jsonl", ...flags);
    expect((await imported()).stdout).toBe("would write 5 lines, but for those whose key is known\n");
    expect((await imported("--yes")).stdout).toBe("wrote 5 lines, 0 known already\n");
    expect((await imported("--yes")).stdout).toBe("wrote 0 lines, 5 known already\n");
  });

  test("write to stdout what a line each reads, and read stdin", async () => {
    using made = await setup();
    const { stdout } = await made.queue(["export", EDGE, "--seq", "1"]);
    expect(JSON.parse(stdout)).toMatchObject({ queue: EDGE, seq: 1, key: "p1", packet: { payload: { at: 1 } } });
    const stdin = `${stdout.replaceAll("p1", "new")}\n\n`;
    const argv = ["queue", "import", "yard", EDGE, "--state-dir", "state", "--yes"];
    expect((await cli(argv, { cwd: made.folder, stdin })).stdout).toBe("wrote 1 line, 0 known already\n");
  });

  test("leave a file that is there, and none behind when the queue is not", async () => {
    using made = await setup();
    fs.writeFileSync(made.at("rows.jsonl"), "mine");
    const { code, stderr } = await made.queue(["export", EDGE, "--out", "rows.jsonl"]);
    expect([code, stderr.includes("rows.jsonl would be overwritten")]).toEqual([2, true]);
    await made.queue(["export", "none", "--out", "other.jsonl"]);
    expect(fs.readdirSync(made.folder).sort()).toEqual(["rows.jsonl", "state", "yard.yaml"]);
    await made.queue(["export", EDGE, "--out", "rows.jsonl", "--force"]);
    expect(fs.readFileSync(made.at("rows.jsonl"), "utf8").split("\n")).toHaveLength(6);
  });

  test("refuse a file with a bad line, and write none of it", async () => {
    using made = await setup();
    fs.writeFileSync(
      made.at("bad.jsonl"),
      '{"packet_id":"a","ts":"t","kind":"k","source_id":"s","payload":1,"meta":{}}\n\n{"x":1}\n',
    );
    const { code, stderr } = await made.queue(["import", EDGE, "--from", "bad.jsonl", "--yes"]);
    expect([code, stderr]).toEqual([
      2,
      'line 3: it holds no packet: field "packet_id" must be a string, got undefined\n1 fault; nothing was written\n',
    ]);
    expect(keysOf(await made.json("peek", EDGE))).toHaveLength(5);
  });
});

describe("schnitzel queue drain", () => {
  test("says that a graph that does not run delivers nothing", async () => {
    using made = await setup();
    const { code, stdout, stderr } = await made.queue(["drain"]);
    expect([code, stdout]).toEqual([3, `not empty: ${EDGE}: 5 wait, 0 are being delivered\n`]);
    expect(stderr).toStartWith("yard does not run, so nothing is delivered\n");
  });

  test("has nothing to wait for where the queue is empty", async () => {
    using made = await setup();
    const { code, stdout } = await made.queue(["drain", "dead_letters"]);
    expect([code, stdout]).toEqual([0, "empty\n"]);
  });
});

/** Changes a letter of a row's payload behind SQLite's back, as a failing disk does. */
function flipPayload(file: string) {
  const bytes = fs.readFileSync(file);
  bytes[bytes.indexOf('{"at":3}') + 2] = 0x62;
  fs.writeFileSync(file, bytes);
}

/** What the page of a table's rows becomes. */
const overwritePage = (file: string) => {
  const bytes = fs.readFileSync(file);
  const at = Math.floor(bytes.indexOf('{"at":3}') / 4_096) * 4_096;
  fs.writeFileSync(file, bytes.fill(0, at, at + 8));
};

describe("schnitzel queue verify", () => {
  test("finds a byte that changed behind everybody's back, and exits 1", async () => {
    using made = await setup();
    expect((await made.queue(["verify"])).stdout).toBe(`${EDGE}: ok\ndead_letters: ok\n`);
    flipPayload(made.at(EDGE_FILE));
    const { code, stdout } = await made.queue(["verify", EDGE]);
    expect([code, stdout]).toEqual([1, `${EDGE}: 1 fault\n  row 3: its checksum does not match\n`]);
  });
});

describe("schnitzel queue repair", () => {
  test("saves what can be read of a damaged queue, once it is to be done, and keeps the damaged file", async () => {
    using made = await setup();
    overwritePage(made.at(EDGE_FILE));
    const listed = await made.queue(["ls"]);
    expect([listed.code, listed.stderr.split(":")[0]]).toEqual([3, "QUEUE_DAMAGED"]);
    expect(listed.stdout).toMatch(/\ndead_letters +0 +0 +2 .* ok\n.*detect\.out->alarms\.in .* damaged\n$/);
    const verified = await made.queue(["verify"]);
    expect([verified.code, verified.stdout]).toEqual([3, "dead_letters: ok\n"]);
    const before = fs.readdirSync(made.at("state/yard/queues"));
    expect((await made.queue(["repair"])).stderr).toBe("nothing was changed; --yes does it\n");
    expect(fs.readdirSync(made.at("state/yard/queues"))).toEqual(before);
    const { files } = await made.json("repair", "--yes");
    expect(files).toHaveLength(1);
    expect(fs.existsSync(files[0].kept_as)).toBe(true);
    expect(await made.json("ls", EDGE)).toMatchObject({ queues: [{ ready: files[0].rows }], corrupt_files: [] });
    expect((await made.queue(["repair"])).stderr).toStartWith("nothing is damaged");
  });

  test("saves the rows of a file in its place whose first page is gone, which no longer says what it is", async () => {
    using made = await setup();
    fs.writeFileSync(made.at(EDGE_FILE), fs.readFileSync(made.at(EDGE_FILE)).fill(0, 0, 4_096));
    expect((await made.queue(["repair"])).stdout).toContain("would save 5 rows and 0 dead letters");
    const { files } = await made.json("repair", "--yes");
    expect(files).toMatchObject([{ rows: 5, known: 0 }]);
    expect(await made.json("ls", EDGE)).toMatchObject({ queues: [{ ready: 5, tail_lost: 0 }], lost: [] });
  });

  test("does not call a file sound that it cannot read", async () => {
    using made = await setup();
    fs.writeFileSync(made.at(EDGE_FILE), "");
    const { code, stderr } = await made.queue(["repair"]);
    expect([code, stderr.split(":")[0]]).toEqual([3, "QUEUE_FOREIGN"]);
  });

  test("brings back the rows of a file that a run moved aside, which ls names", async () => {
    using made = await setup();
    fs.renameSync(made.at(EDGE_FILE), made.at(`${EDGE_FILE}.corrupt-20260101T000000Z`));
    await made.using(EDGE_FILE, (queue) => queue.enqueue([entry(5), entry(6)]));
    expect((await made.queue(["ls"])).stderr).toContain(".corrupt-20260101T000000Z\n  hint: schnitzel queue repair ");
    const { files } = await made.json("repair", "--yes");
    expect(files).toMatchObject([{ rows: 5, known: 1, damaged: 0 }]);
    expect(keysOf(await made.json("peek", EDGE))).toEqual(["p5", "p6", "p1", "p2", "p3", "p4"]);
  });

  test("puts the rows of a sound file into another, and leaves it", async () => {
    using made = await setup();
    const { stdout } = await made.run("repair", EDGE_FILE, "--into", "copy.sqlite3", "--yes", "--json");
    expect(JSON.parse(stdout).files).toMatchObject([{ rows: 5, known: 0 }]);
    expect(JSON.parse((await made.run("ls", "copy.sqlite3", "--json")).stdout).queues).toMatchObject([{ ready: 5 }]);
    expect((await made.json("ls", EDGE)).queues).toMatchObject([{ ready: 5 }]);
  });
});

test("schnitzel queue repair takes over the rows of a file of the predecessor", async () => {
  using made = await setup();
  const old = openPredecessorQueue(made.at("old.sqlite3"), { clock: systemClock });
  old.enqueue([predecessorCodec.encode(packet(1)), predecessorCodec.encode(packet(2))]);
  old.close();
  const refused = await made.run("ls", "old.sqlite3");
  expect([refused.code, refused.stderr.includes("--into NEW.sqlite3")]).toEqual([3, true]);
  expect((await made.run("repair", "old.sqlite3", "--into", "new.sqlite3", "--yes")).code).toBe(0);
  const { stdout } = await made.run("peek", "new.sqlite3", "--json");
  expect(keysOf(JSON.parse(stdout))).toEqual(["p1", "p2"]);
});

describe("schnitzel validate --queues", () => {
  const validate = async (made: Awaited<ReturnType<typeof setup>>, ...flags: string[]) =>
    cli(["validate", made.at("yard.yaml"), "--queues", "--state-dir", "state", ...flags], { cwd: made.folder });

  test("tells rows, dead letters and version of each file, and makes none", async () => {
    using made = await setup();
    fs.rmSync(made.at(EDGE_FILE));
    const { code, stdout } = await validate(made, "--json");
    expect([code, JSON.parse(stdout).files[0].queues]).toMatchObject([
      0,
      [
        { queue: EDGE, state: "absent" },
        { queue: "dead_letters", state: "ok", rows: 0, dead: 2 },
      ],
    ]);
    expect(fs.existsSync(made.at(EDGE_FILE))).toBe(false);
  });

  test("exits 2 for a damaged file, and leaves it in its place", async () => {
    using made = await setup();
    overwritePage(made.at(EDGE_FILE));
    const before = fs.readFileSync(made.at(EDGE_FILE));
    const { code, stdout } = await validate(made);
    expect([code, stdout.includes(`queue ${EDGE}: damaged: `)]).toEqual([2, true]);
    expect(fs.readFileSync(made.at(EDGE_FILE))).toEqual(before);
  });
});
