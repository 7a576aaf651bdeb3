import { expect } from "bun:test";
import * as fs from "node:fs";
import { binary, runCommand } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { ownDisk } from "../support/own_disk.ts";
import { needs } from "../support/part.ts";
import { fuse, tmpfs } from "./store_place.ts";

const graph = (durable: string) => `version: 2
name: yard
nodes:
  - { id: src, plugin: generate_source, config: { count: 3 } }
  - { id: out, plugin: print_sink, config: { format: payload } }
edges: [{ from: src, to: out, durable: ${durable} }]
`;
const THREE = '{"i":0}\n{"i":1}\n{"i":2}\n';
const runs = (...flags: string[]) => `'${binary()}' run g.yaml --state-dir ${flags.join(" ")}`;

needs("mount", "fuse")(
  "a state directory on a disk that another program serves is refused with code 3, and taken by that flag with a warning",
  async () => {
    using folder = folderWith({ "g.yaml": graph("true"), "local.yaml": graph("{ path: disk/on/q.sqlite3 }") });
    await using own = await ownDisk(fuse, folder.at("disk"));
    const refused = await own.sh(runs("disk/on/state"));
    expect([refused.code, refused.stdout, refused.stderr]).toEqual([
      3,
      "",
      expect.stringMatching(
        /^QUEUE_NETWORK_DISK: cannot keep a queue in \S+disk\/on\/state\/yard: it lies on a network disk \(fuse\S*\), .*; name a folder on a disk of this machine, or pass --dangerously-allow-network-disk\n$/,
      ),
    ]);
    // A queue of its own there, while the state directory is on a good disk.
    const path = await own.sh(`'${binary()}' run local.yaml --state-dir state`);
    expect([path.code, path.stderr]).toEqual([3, expect.stringMatching(/^QUEUE_NETWORK_DISK: .*disk\/on/)]);
    const allowed = await own.sh(runs("disk/on/state", "--dangerously-allow-network-disk"));
    expect([allowed.code, allowed.stdout]).toEqual([0, THREE]);
    expect(allowed.stderr).toMatch(
      /warn {2}folder \S+ lies on a network disk \(fuse\S*\): what is queued there may be lost or damaged/,
    );
  },
  60_000,
);

needs("mount")("a state directory in memory is taken, with the warning that it is gone after a restart", async () => {
  using folder = folderWith({ "g.yaml": graph("{ min_free: 1MiB }") });
  await using own = await ownDisk(tmpfs("64m"), folder.at("disk"));
  const { code, stdout, stderr } = await own.sh(runs("disk/state"));
  expect([code, stdout]).toEqual([0, THREE]);
  expect(stderr).toMatch(
    /warn {2}folder \S+ lies in memory \(tmpfs\): what is queued there is gone after a restart of the machine/,
  );
});

/** Runs the graph as nobody. */
const asNobody = (cwd: string) =>
  runCommand(
    ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary(), "run", "g.yaml", "--state-dir", "state"],
    { cwd, env: { HOME: "/nonexistent" } },
  );

/** Root may write anywhere, so these need root to become somebody else. */
needs("mount")(
  "a state directory of another user ends the run with code 3, both users and three ways out",
  async () => {
    for (const [what, prepare] of [
      ["that another user owns", (at: string) => fs.mkdirSync(at, { mode: 0o755 })],
      ["that nobody else may enter", (at: string) => fs.mkdirSync(at, { mode: 0o700 })],
      [
        "that is read-only",
        (at: string) => {
          fs.mkdirSync(at, { mode: 0o555 });
          fs.chownSync(at, 65_534, 65_534);
        },
      ],
      ["that is missing, in a folder of another user", () => {}],
    ] as const) {
      using folder = folderWith({ "g.yaml": graph("true") });
      fs.chmodSync(folder.folder, 0o755);
      prepare(folder.at("state"));
      const { code, stdout, stderr } = await asNobody(folder.folder);
      const why =
        what === "that is read-only"
          ? "\\S+ belongs to this user, and its mode 555 keeps it out: allow it \\(chmod u\\+rwx\\), or name another folder"
          : "\\S+ belongs to user root, and this runs as user nobody: .*";
      expect([what, code, stdout, stderr]).toEqual([
        what,
        3,
        "",
        expect.stringMatching(new RegExp(`^QUEUE_UNOPENABLE: cannot \\w+ folder \\S+: EACCES.*; ${why}\n$`)),
      ]);
    }
  },
);

needs("mount")("a queue file of another user ends the run with code 3 and is left as it is", async () => {
  using folder = folderWith({ "g.yaml": graph("true") });
  const first = await runCommand([binary(), "run", "g.yaml", "--state-dir", "state"], { cwd: folder.folder });
  expect(first.code).toBe(0);
  fs.chmodSync(folder.folder, 0o755);
  // The folders were handed over, and the file was forgotten.
  for (const name of [
    "state",
    "state/yard",
    "state/yard/queues",
    "state/yard/dead_letters.sqlite3",
    "state/yard/dead_letters.sqlite3.hwm",
    "state/yard/dead_letters.sqlite3.ballast",
  ]) {
    fs.chownSync(folder.at(name), 65_534, 65_534);
  }
  const file = folder.at("state/yard/queues/src.out+out.in.sqlite3");
  const before = fs.readFileSync(file);
  const { code, stderr } = await asNobody(folder.folder);
  expect([code, stderr]).toEqual([
    3,
    expect.stringMatching(
      /^QUEUE_UNOPENABLE: cannot open queue \S+src\.out\+out\.in\.sqlite3: .*; .*belongs to user root, and this runs as user nobody/,
    ),
  ]);
  expect(fs.readFileSync(file).equals(before)).toBe(true);
});
