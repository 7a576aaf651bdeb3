import { expect } from "bun:test";
import { needs } from "../support/part.ts";
import { ext4, onMount, tmpfs } from "./store_place.ts";

interface Ran {
  enqueued: number;
  refusal: string | null;
  acked: number;
  recovered: boolean;
  left: number;
  integrity: string;
  ballastBytes: number;
  events: string[];
}

const BALLAST = 128 * 1_024;

const run = (mount: (at: string) => string, ballast: number, rows: number, inside = ".") =>
  onMount<Ran>(mount, "store_full_child.ts", String(ballast), String(rows), inside);

/** Every row left, the ballast is back, and rows are taken again. */
function expectDrained(ran: Ran) {
  expect(ran.events).toContain("error disk");
  expect(ran.acked).toBe(ran.enqueued - 1);
  expect(ran).toMatchObject({ recovered: true, left: 1, integrity: "ok", ballastBytes: BALLAST });
  expect(ran.events.at(-1)).toBe("info disk");
}

needs("mount")(
  "a queue that filled a disk of 512 KiB to the last byte drains, every ack at once, and takes rows again",
  async () => {
    const ran = await run(tmpfs("512k"), BALLAST, 100_000);
    expect(ran.enqueued).toBeGreaterThan(100);
    expectDrained(ran);
  },
);

needs("mount")("a queue drains on a disk that another program filled, and goes on filling", async () => {
  expectDrained(await run(tmpfs("1m"), BALLAST, 60));
});

needs("mount")("a queue drains on a full ext4 disk", async () => {
  expectDrained(await run(ext4(16), BALLAST, 500, "on"));
});

needs("mount")(
  "the whole queue refuses rows on a full disk, delivers every one it has taken, and takes rows again",
  async () => {
    const ran = await onMount<{ enqueued: number; delivered: number; again: number }>(
      tmpfs("2m"),
      "store_queue_full_child.ts",
      String(BALLAST),
    );
    expect(ran).toMatchObject({ refused: "QUEUE_FULL", faults: [] });
    expect(ran).not.toHaveProperty("failed");
    expect(ran.enqueued).toBeGreaterThan(1_000);
    expect([ran.delivered, ran.again]).toEqual([ran.enqueued, ran.enqueued + 1]);
  },
);

// Why there is a ballast: the same without one.
needs("mount")("without a ballast not one ack can be written to a full disk, until somebody makes room", async () => {
  const ran = await run(tmpfs("1m"), 0, 60);
  expect([ran.acked, ran.left > 0, ran.integrity]).toEqual([0, true, "ok"]);
  expect(ran.events).toContain("ack failed SQLITE_FULL");
});
