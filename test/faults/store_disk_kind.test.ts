import { expect } from "bun:test";
import { needs } from "../support/part.ts";
import { fuse, onMount, tmpfs } from "./store_place.ts";

interface Ran {
  refused: string;
  events: string[];
}

needs("mount", "fuse")(
  "a queue is refused on a disk that another program serves, and allowed only by that flag",
  async () => {
    const ran = await onMount<Ran>(fuse, "store_disk_kind_child.ts", "on");
    expect(ran.refused).toMatch(
      /^QUEUE_NETWORK_DISK: cannot keep a queue in .*\/queues: it lies on a network disk \(fuse\), .*; name a folder on a disk of this machine, or pass --dangerously-allow-network-disk$/,
    );
    expect(ran.events).toEqual([expect.stringMatching(/^warn folder .* lies on a network disk \(fuse\)/)]);
  },
);

needs("mount")("a queue in memory is allowed, and said to be gone after a restart of the machine", async () => {
  const ran = await onMount<Ran>(tmpfs("4m"), "store_disk_kind_child.ts");
  expect(ran.refused).toBe("");
  expect(ran.events[0]).toMatch(/^warn folder .* lies in memory \(tmpfs\)/);
});
