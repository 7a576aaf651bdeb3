import * as fs from "node:fs";
import * as path from "node:path";
import type { Random } from "../../src/base/random.ts";
import { makeFolder } from "../../src/drill/mounts.ts";
import type { Place } from "../../src/drill/place.ts";
import { freePorts } from "../../src/drill/ports.ts";
import { PowerDisk } from "../../src/drill/power_disk.ts";
import type { DrillOptions } from "../../src/drill/settings.ts";
import { Stage } from "../../src/drill/stage.ts";
import { Canary } from "./canary.ts";

/** Above the reserve (64 MiB) and the ballast of its queues, below what would take long to fill. */
const DISK_BYTES = 384 * 1024 * 1024;

export interface LaneOptions {
  readonly name: string;
  /** Bytes of filler in a packet. */
  readonly fillerBytes: number;
  /** Whether its process may be ended by a fault. */
  readonly killable: boolean;
}

/** One graph of a soak, on a disk of its own, with its load, its backend, its books and its canary. */
export class Lane {
  readonly name: string;
  readonly killable: boolean;
  readonly folder: string;
  readonly disk: PowerDisk;
  readonly stage: Stage;
  readonly canary: Canary;

  private constructor({ name, killable }: LaneOptions, folder: string, disk: PowerDisk, stage: Stage, canary: Canary) {
    this.name = name;
    this.killable = killable;
    this.folder = folder;
    this.disk = disk;
    this.stage = stage;
    this.canary = canary;
  }

  static async open(lane: LaneOptions, shared: Omit<DrillOptions, "target">, random: Random): Promise<Lane> {
    const folder = makeFolder();
    const disk = await PowerDisk.create(folder, DISK_BYTES);
    const place: Place = { folder, state: path.join(disk.folder, "state"), before: [], env: {} };
    const [http] = freePorts(1, random) as [number];
    const target = {
      name: lane.name,
      file: path.join(import.meta.dir, `${lane.name}.yaml`),
      source: { id: "in", path: "/packets" },
      sink: { id: "out" },
      comparesPayloads: true,
      headers: {},
      arguments: ["--http", `127.0.0.1:${http}`],
    };
    const load = { ...shared.load, fillerBytes: lane.fillerBytes };
    const stage = new Stage({ ...shared, target, load }, place, random, lane.name);
    return new Lane(lane, folder, disk, stage, new Canary(`http://127.0.0.1:${http}/readyz`, stage));
  }

  get filler(): string {
    return path.join(this.disk.folder, "filler");
  }

  /** Resident memory in bytes; undefined while there is no process. */
  rssBytes(): number | undefined {
    const { pid } = this.stage.child;
    if (pid === undefined) return undefined;
    try {
      const kib = /VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      return kib === undefined ? undefined : Number(kib) * 1024;
    } catch {
      return undefined;
    }
  }
}
