import type { Handler } from "hono";
import { html } from "hono/html";
import type { Clock } from "../../base/clock.ts";
import { refuse } from "../guard.ts";
import { type LiveViews, MAX_VIEWERS, type View } from "../live_views.ts";

/** A picture is sent again after this time without a new one: half the time after which a silent connection ends. */
const REPEAT_MS = 5_000;
/** Time for `/live/<name>.jpg` to wait for a picture: a camera that makes one a second is late twice. */
const STILL_MS = 3_000;
const BOUNDARY = "picture";

/** `/live`: every view on one page, without a script. */
export const livePage =
  (views: LiveViews): Handler =>
  (c) =>
    c.html(html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>schnitzel live</title>
<meta name="viewport" content="width=device-width"></head><body>
${views.names.length === 0 ? html`<p>No node of this graph shows pictures: add one of type live_view.</p>` : ""}
${views.names.map((name) => html`<figure><img src="/live/${encodeURIComponent(name)}" alt="${name}" width="100%"><figcaption>${name}</figcaption></figure>`)}
</body></html>`);

/** `/live/<name>`: pictures as they come (MJPEG); `/live/<name>.jpg`: one. */
export const live =
  (views: LiveViews, clock: Clock): Handler =>
  (c) => {
    const asked = c.req.param("name") ?? "";
    const still = views.named(asked) === undefined && asked.endsWith(".jpg");
    const view = views.named(still ? asked.slice(0, -4) : asked);
    if (view === undefined) return refuse(c, 404, "HTTP_NOT_FOUND", unknown(asked, views));
    // Nobody reads the body of such an answer, nor says when it is over: it would be a viewer for ever.
    if (c.req.method === "HEAD") return new Response(null, { headers: still ? JPEG : STREAM });
    if (views.viewers >= MAX_VIEWERS) {
      return refuse(c, 503, "HTTP_VIEWERS", `${MAX_VIEWERS} people are looking already: close another view first`);
    }
    return still ? oneOf(view, clock) : new Response(pictures(view, clock), { headers: STREAM });
  };

const JPEG = { "content-type": "image/jpeg" };
const STREAM = { "content-type": `multipart/x-mixed-replace; boundary=${BOUNDARY}` };

function unknown(name: string, { names }: LiveViews): string {
  const there = names.length === 0 ? "no node shows pictures" : `there is ${names.join(", ")}`;
  return `there is no live view "${name}": ${there}`;
}

async function oneOf(view: View, clock: Clock): Promise<Response> {
  const late = new AbortController();
  const cancel = clock.setTimer(() => late.abort(), STILL_MS);
  const jpeg = (await view.next(late.signal)) ?? view.latest;
  cancel();
  if (jpeg !== undefined) return new Response(jpeg as Uint8Array<ArrayBuffer>, { headers: JPEG });
  const message = `${view.name} has shown no picture yet: see the source's state in /report`;
  return Response.json({ code: "HTTP_NO_PICTURE", message }, { status: 503 });
}

/** The pictures of a view for one viewer. One that has not left yet makes the viewer miss the next. */
function pictures(view: View, clock: Clock): ReadableStream<Uint8Array> {
  let cancel = () => {};
  const viewer = { take: (_: Uint8Array) => false, end: () => {} };
  const leave = () => {
    cancel();
    view.leave(viewer);
  };
  return new ReadableStream(
    {
      start(controller) {
        viewer.end = () => {
          cancel();
          controller.close();
        };
        viewer.take = (jpeg) => {
          const free = (controller.desiredSize ?? 0) > 0;
          if (free) controller.enqueue(part(jpeg));
          if (free) repeatLater();
          return free;
        };
        const repeatLater = () => {
          cancel();
          cancel = clock.setTimer(() => view.latest && (viewer.take(view.latest) || repeatLater()), REPEAT_MS);
        };
        repeatLater();
        view.join(viewer);
        if (view.latest !== undefined) viewer.take(view.latest);
      },
      cancel: leave,
    },
    { highWaterMark: 1 },
  );
}

const text = new TextEncoder();

/** One part, with the next boundary behind it: a browser shows a picture when it has seen that. */
function part(jpeg: Uint8Array): Uint8Array {
  const head = `content-type: image/jpeg\r\ncontent-length: ${jpeg.length}\r\n\r\n`;
  return Buffer.concat([text.encode(`--${BOUNDARY}\r\n${head}`), jpeg, text.encode("\r\n")]);
}
