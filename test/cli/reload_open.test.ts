import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { folderWith } from "../support/cli.ts";
import { ask, running } from "../support/reloading.ts";
import { cameOut, until } from "../support/webhook.ts";

/** A webhook, and what came of it; `more` is another source. */
const hooked = (more = "") => `version: 2
name: yard
nodes:
  - { id: hook, plugin: http_source, config: { listen: "127.0.0.1:0" } }
  - { id: out, plugin: jsonl_sink, config: { path: out.jsonl, body: payload, flush_ms: 0 } }
${more}
edges: [{ from: hook, to: out }${more === "" ? "" : ", { from: more, to: out }"}]
`;

test("a new node whose port another process has: the old graph goes on, and the answer says why", async () => {
  await using taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  using folder = folderWith({ "yard.yaml": hooked() });
  await using program = running(folder);
  const [, port] = await program.saw(/takes packets over HTTP url=http:\/\/127\.0\.0\.1:(\d+)/);
  const headers = { "content-type": "application/json" };
  const post = (i: number) =>
    fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers, body: JSON.stringify({ i }) });
  expect((await post(0)).ok).toBe(true);
  const listen = `127.0.0.1:${taken.port}`;
  fs.writeFileSync(
    folder.at("yard.yaml"),
    hooked(`  - { id: more, plugin: http_source, config: { listen: "${listen}" } }`),
  );
  expect(await ask(folder)).toMatchObject({
    ...{ code: 1, outcome: "rolled_back", generation: 0 },
    reason: expect.stringMatching(new RegExp(`more.*${listen}|${listen}.*more`, "s")),
  });
  expect((await post(1)).ok).toBe(true);
  await until(() => cameOut(folder.folder).length === 2);
  expect((await program.stop()).code).toBe(0);
  expect(cameOut(folder.folder)).toEqual([0, 1]);
}, 60_000);

/** A backend that answers when it is let. */
function heldServer() {
  const { promise, resolve: letGo } = Promise.withResolvers<void>();
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch() {
      resolve();
      await promise;
      return new Response();
    },
  });
  const close = () => server.stop(true);
  return { url: `http://127.0.0.1:${server.port}/`, letGo, asked, [Symbol.asyncDispose]: close };
}

const posting = (url: string, kind: string) => `version: 2
name: yard
nodes:
  - { id: s, plugin: generate_source, config: { count: 100000000, rate: 100 } }
  - { id: out, plugin: http_sink, config: { url: "${url}", headers: { x-kind: ${kind} } } }
edges: [{ from: s, to: out }]
`;

test("of two reloads at once the second is refused, and the first waits for a call and is done", async () => {
  await using held = heldServer();
  using folder = folderWith({ "yard.yaml": posting(held.url, "old") });
  await using program = running(folder);
  await Promise.all([held.asked, program.saw(/http server listens/)]);
  fs.writeFileSync(folder.at("yard.yaml"), posting(held.url, "new"));
  const both = [ask(folder), ask(folder)];
  expect(await Promise.race(both)).toMatchObject({
    ...{ code: 1, outcome: "refused", generation: 0 },
    ...{ reason: "another reload is under way", hint: "ask again when it is done" },
  });
  held.letGo();
  const outcomes = (await Promise.all(both)).map(({ outcome }) => outcome);
  expect(outcomes.sort()).toEqual(["refused", "reloaded"]);
  expect((await program.stop()).code).toBe(0);
}, 60_000);
