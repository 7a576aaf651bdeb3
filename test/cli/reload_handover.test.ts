import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { ask, running } from "../support/reloading.ts";
import { cameOut, until } from "../support/webhook.ts";

/** A port that nobody has; the next one who asks may get it, and nobody does here. */
function freePort(): number {
  using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  return server.port!;
}

const hook = (port: number, path: string, sink = "") => `version: 2
name: yard
nodes:
  - { id: hook, plugin: http_source, config: { listen: "127.0.0.1:${port}", path: ${path} } }
  - { id: out, plugin: jsonl_sink, config: { path: out.jsonl, body: payload${sink} } }
edges: [{ from: hook, to: out }]
`;

const headers = { "content-type": "application/json" };
const post = async (port: number, path: string, i: number) =>
  (await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body: JSON.stringify({ i }) })).status;

test("http_source changes its path on its port, and a sink an option of its file; plan says so beforehand", async () => {
  const port = freePort();
  using folder = folderWith({ "yard.yaml": hook(port, "/a"), "new.yaml": hook(port, "/b", ", fsync: always") });
  const plan = await run(["plan", "yard.yaml", "new.yaml"], { cwd: folder.folder });
  expect(plan.stdout).toContain(`config.path; takes over port 127.0.0.1:${port}, which is closed for a moment`);
  await using program = running(folder);
  await program.saw(/takes packets over HTTP/);
  expect(await post(port, "/a", 0)).toBe(202);
  fs.copyFileSync(folder.at("new.yaml"), folder.at("yard.yaml"));
  expect(await ask(folder)).toMatchObject({ code: 0, outcome: "reloaded", generation: 1 });
  expect([await post(port, "/a", 1), await post(port, "/b", 2)]).toEqual([404, 202]);
  await until(() => cameOut(folder.folder).length === 2);
  expect((await program.stop()).code).toBe(0);
  expect(cameOut(folder.folder)).toEqual([0, 2]);
}, 60_000);

test("a new http_source that does not open leaves the port to the old one", async () => {
  const port = freePort();
  using folder = folderWith({ "yard.yaml": hook(port, "/a"), "cert.pem": "no certificate", "key.pem": "no key" });
  await using program = running(folder);
  await program.saw(/takes packets over HTTP/);
  const tls = hook(port, "/a").replace("path: /a }", "path: /a, tls: { cert: cert.pem, key: key.pem } }");
  fs.writeFileSync(folder.at("yard.yaml"), tls);
  expect(await ask(folder)).toMatchObject({ code: 1, outcome: "rolled_back", generation: 0 });
  expect(await post(port, "/a", 0)).toBe(202);
  const { code, stdout } = await program.stop();
  expect([code, JSON.parse(stdout).status, cameOut(folder.folder)]).toEqual([0, "ok", [0]]);
}, 60_000);

const shown = (fps: number) => `version: 2
name: yard
nodes:
  - { id: cam, plugin: video_test_source, config: { fps: 5 } }
  - { id: eye, plugin: live_view, config: { max_fps: ${fps} } }
edges: [{ from: cam, to: eye }]
`;

test("a live view changes an option under its name", async () => {
  using folder = folderWith({ "yard.yaml": shown(5) });
  await using program = running(folder);
  const [, url] = await program.saw(/http server listens url=(\S+)/);
  fs.writeFileSync(folder.at("yard.yaml"), shown(7));
  expect(await ask(folder)).toMatchObject({ code: 0, outcome: "reloaded" });
  const picture = await fetch(`${url}/live/eye.jpg`);
  expect([picture.status, (await picture.arrayBuffer()).byteLength > 0]).toEqual([200, true]);
  expect((await program.stop()).code).toBe(0);
}, 60_000);
