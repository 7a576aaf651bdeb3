import { expect, test } from "bun:test";
import { createApp } from "../../src/http/app.ts";
import { LiveViews } from "../../src/http/index.ts";
import { MAX_VIEWERS } from "../../src/http/live_views.ts";
import { virtualClock } from "../support/clock.ts";
import { runSnapshot } from "../support/run.ts";

function setup() {
  const clock = virtualClock();
  const views = new LiveViews();
  const app = createApp({
    snapshot: () => runSnapshot(),
    report: () => ({}),
    clock,
    resources: () => ({ rssBytes: 1, cpuSec: 1 }),
    views,
  });
  const get = async (path: string) => app.request(path, { headers: { host: "127.0.0.1" } });
  const watch = async (path: string) => (await get(path)).body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  return { app, clock, views, get, watch };
}

const STREAM = "multipart/x-mixed-replace; boundary=picture";
const picture = (text: string) => new TextEncoder().encode(text);
const shown = async (reader: ReadableStreamDefaultReader<Uint8Array>) => {
  const { value } = await reader.read();
  return new TextDecoder().decode(value).split("\r\n\r\n")[1]?.trimEnd();
};

test("/live shows every view as a picture", async () => {
  const { views, get } = setup();
  views.open("yard");
  views.open('a"b');
  const text = await (await get("/live")).text();
  expect(text).toContain('<img src="/live/yard" alt="yard" width="100%">');
  expect(text).toContain('<img src="/live/a%22b" alt="a&quot;b" width="100%">');
});

test("/ leads a browser to what there is to see", async () => {
  const response = await setup().get("/");
  expect([response.status, response.headers.get("location")]).toEqual([302, "/live"]);
});

test("/live says what is missing when no node shows pictures", async () => {
  expect(await (await setup().get("/live")).text()).toContain("add one of type live_view");
});

test("/live/<name> sends pictures as they come, the last one first", async () => {
  const { views, get } = setup();
  const view = views.open("yard");
  view.show(picture("one"));
  const response = await get("/live/yard");
  expect(response.headers.get("content-type")).toBe(STREAM);
  const reader = response.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const { value } = await reader.read();
  expect(new TextDecoder().decode(value)).toBe(
    "--picture\r\ncontent-type: image/jpeg\r\ncontent-length: 3\r\n\r\none\r\n",
  );
  view.show(picture("two"));
  expect(await shown(reader)).toBe("two");
});

test("a viewer that takes nothing misses pictures, counted, and the others do not", async () => {
  const { views, watch } = setup();
  const view = views.open("yard");
  const slow = await watch("/live/yard");
  const quick = await watch("/live/yard");
  for (const text of ["one", "two", "three"]) {
    view.show(picture(text));
    expect(await shown(quick)).toBe(text);
  }
  expect(view.missed).toBe(2);
  expect(await shown(slow)).toBe("one");
  view.show(picture("four"));
  expect(await shown(slow)).toBe("four");
});

test("a view has as many viewers as look, and hears of the first", async () => {
  const { views, watch } = setup();
  const view = views.open("yard");
  let came = 0;
  view.onViewer(() => (came += 1));
  expect(view.viewers).toBe(0);
  const [one, two] = [await watch("/live/yard"), await watch("/live/yard")];
  expect([view.viewers, came]).toEqual([2, 1]);
  await one.cancel();
  await two.cancel();
  expect(view.viewers).toBe(0);
});

test("who asks only for the head of a view is no viewer", async () => {
  const { app, views } = setup();
  const view = views.open("yard");
  for (const path of ["/live/yard", "/live/yard.jpg"]) {
    const { status, headers } = await app.request(path, { method: "HEAD", headers: { host: "127.0.0.1" } });
    expect([status, headers.get("content-type")]).toEqual([200, path.endsWith("jpg") ? "image/jpeg" : STREAM]);
  }
  expect(view.viewers).toBe(0);
});

test("there is a bound on viewers of all views together", async () => {
  const { views, get, watch } = setup();
  views.open("yard");
  views.open("gate");
  for (let at = 0; at < MAX_VIEWERS; at++) await watch(at % 2 === 0 ? "/live/yard" : "/live/gate");
  const response = await get("/live/yard");
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([503, "HTTP_VIEWERS"]);
});

test("/live/<name>.jpg waits for one picture", async () => {
  const { views, get } = setup();
  const view = views.open("yard");
  const asked = get("/live/yard.jpg");
  while (view.viewers === 0) await Promise.resolve();
  view.show(picture("one"));
  const response = await asked;
  expect([response.headers.get("content-type"), await response.text()]).toEqual(["image/jpeg", "one"]);
  expect(view.viewers).toBe(0);
});

test("/live/<name>.jpg gives the last picture, or says that there is none, when no new one comes in time", async () => {
  const { views, get, clock } = setup();
  const view = views.open("yard");
  const late = async () => {
    const asked = get("/live/yard.jpg");
    while (view.viewers === 0) await Promise.resolve();
    clock.advance(3_000);
    return asked;
  };
  expect((await late()).status).toBe(503);
  view.show(picture("old"));
  expect(await (await late()).text()).toBe("old");
});

test("a picture is sent again when no new one comes, so that the connection stays", async () => {
  const { views, watch, clock } = setup();
  const view = views.open("yard");
  const reader = await watch("/live/yard");
  view.show(picture("one"));
  expect(await shown(reader)).toBe("one");
  clock.advance(5_000);
  expect(await shown(reader)).toBe("one");
});

test("the streams of a view end with its node", async () => {
  const { views, watch, get } = setup();
  const view = views.open("yard");
  const reader = await watch("/live/yard");
  view.close();
  expect((await reader.read()).done).toBe(true);
  expect((await get("/live/yard")).status).toBe(404);
});

test("two nodes cannot show pictures under one name", () => {
  const { views } = setup();
  views.open("yard");
  expect(() => views.open("yard")).toThrow('cannot open the live view "yard": another node has that name');
});
