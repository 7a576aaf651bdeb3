import { expect, test } from "bun:test";
import type { LiveView } from "../../../src/node/index.ts";
import { liveView } from "../../../src/nodes/vision/live_view.ts";
import type { Frame } from "../../../src/packet/index.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const frame: Frame = {
  ...{ width: 64, height: 32, format: "gray", stride: 64, frame_idx: 0 },
  data: new Uint8Array(64 * 32).fill(200),
};

async function setup(config: Record<string, unknown> = {}) {
  const shown: Uint8Array[] = [];
  const view = { viewers: 0, closed: false, name: "" };
  const live = (name: string): LiveView => {
    view.name = name;
    return {
      get viewers() {
        return view.viewers;
      },
      missed: 0,
      onViewer() {},
      show: (jpeg) => void shown.push(jpeg),
      close() {
        view.closed = true;
      },
    };
  };
  const context = { ...testContext(), live };
  const started = startNode(liveView, config, context);
  await started.node.open!();
  const see = () => started.process(packet({ kind: "frame", payload: frame }));
  /** Until the picture under way is shown. */
  const settled = async () => {
    const { shown_total = 0 } = started.node.metrics!();
    while (started.node.metrics!().shown_total === shown_total) await new Promise((resolve) => setImmediate(resolve));
  };
  return { ...started, shown, view, see, settled, context };
}

test("live_view encodes nothing while nobody looks", async () => {
  const { see, shown, node } = await setup();
  await see();
  await node.close!();
  expect(shown).toEqual([]);
  expect(node.metrics!()).toMatchObject({ shown_total: 0, passed_over_total: 1 });
});

test("live_view shows a JPEG to those who look, under its own name", async () => {
  const { see, shown, view, settled } = await setup({ name: "yard" });
  view.viewers = 1;
  await see();
  await settled();
  expect([...shown[0]!.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
  expect(view.name).toBe("yard");
});

test("live_view passes frames over while one is being encoded, and faster than max_fps", async () => {
  const { see, view, settled, node, context } = await setup({ max_fps: 10 });
  view.viewers = 1;
  await see();
  await see();
  await settled();
  await see();
  expect(node.metrics!()).toMatchObject({ shown_total: 1, passed_over_total: 2 });
  context.clock.advance(100);
  await see();
  await settled();
  expect(node.metrics!()).toMatchObject({ shown_total: 2, passed_over_total: 2 });
});

test("live_view makes wide frames smaller", async () => {
  const { see, shown, view, settled } = await setup({ max_width: 16 });
  view.viewers = 1;
  await see();
  await settled();
  const { width, height } = await new Bun.Image(Uint8Array.from(shown[0]!)).metadata();
  expect([width, height]).toEqual([16, 8]);
});

test("live_view counts what cannot be shown and goes on", async () => {
  const { process, view, node, context } = await setup({ forward: true });
  view.viewers = 1;
  await process(packet({ kind: "frame", payload: { ...frame, format: "jpeg", stride: 0, data: new Uint8Array(9) } }));
  await node.close!();
  // A JPEG is passed on as it is: who looks sees that it is broken, and the graph does not care.
  expect(node.metrics!()).toMatchObject({ shown_total: 1, failed_total: 0 });
  expect(context.logged).toEqual([]);
});

test("live_view shows the next frame after one that could not be drawn on", async () => {
  const { process, see, view, settled, shown, node, context } = await setup({ draw: {} });
  view.viewers = 1;
  await process(packet({ kind: "frame", payload: { ...frame, format: "jpeg", stride: 0, data: new Uint8Array(9) } }));
  expect(node.metrics!()).toMatchObject({ shown_total: 0, failed_total: 1 });
  context.clock.advance(1_000);
  await see();
  expect(node.metrics!()).toMatchObject({ passed_over_total: 0 });
  await settled();
  expect(shown.length).toBe(1);
});

test("live_view ends its view when the run ends", async () => {
  const { node, view } = await setup();
  await node.close!();
  expect(view.closed).toBe(true);
});

test("live_view says that nobody can look when there is no HTTP endpoint", async () => {
  const { node, context } = startNode(liveView);
  await node.open!();
  expect(context.logged[0]!.message).toContain("start with --http");
});

test("live_view draws boxes on what is shown, and not on the frame", async () => {
  const { process, shown, view, settled } = await setup({ draw: { labels: false, color_bgr: [0, 0, 0] }, quality: 95 });
  view.viewers = 1;
  const detections = [{ bbox: { x1: 0, y1: 0, x2: 64, y2: 32 }, confidence: 1, class_id: 0, class_name: "a" }];
  await process(packet({ kind: "frame", payload: { ...frame, detections } }));
  await settled();
  const plain = await setup({ quality: 95 });
  plain.view.viewers = 1;
  await plain.see();
  await plain.settled();
  expect(shown[0]!.length).toBeGreaterThan(plain.shown[0]!.length);
  expect(frame.data.every((byte) => byte === 200)).toBe(true);
});
