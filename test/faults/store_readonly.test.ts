import { expect } from "bun:test";
import { needs } from "../support/part.ts";
import { ext4, onMount } from "./store_place.ts";

interface Ran {
  writes: string[];
  reopened: string;
  healed: string;
  kept: string[];
  again: string;
  tailLost: number;
  fromStart: string;
  elsewhere: string;
}

needs("power_cut")(
  "a disk that turns read-only takes no row falsely, and what was committed is there when it is repaired",
  async () => {
    const ran = await onMount<Ran>(ext4(16, "loop,errors=remount-ro"), "store_readonly_child.ts");
    expect(ran.writes).toEqual(Array(3).fill("SQLITE_IOERR_WRITE disk I/O error"));
    expect(ran.reopened).toMatch(
      /^QUEUE_UNOPENABLE QUEUE_UNOPENABLE: cannot write in folder .*its disk is read-only: mount it writable, or name another folder$/,
    );
    expect([ran.healed, ran.again, ran.tailLost]).toEqual(["ok", "ok", 0]);
    expect(ran.kept).toEqual(Array.from({ length: 50 }, (_, row) => `k${row}`));
    expect(ran.fromStart).toMatch(/cannot write in folder .*its disk is read-only/);
    expect(ran.elsewhere).toMatch(/cannot make folder .*its disk is read-only/);
  },
);
