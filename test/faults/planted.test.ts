import { expect } from "bun:test";
import * as path from "node:path";
import { PLANTED, plantIn } from "../simulation/planted.ts";
import { temporaryFolder } from "../support/folder.ts";
import { needs, type PartName } from "../support/part.ts";
import { drillProgram } from "../support/planted.ts";

/** Enough of a fault to meet the bug, and no more. */
const SHORT = {
  ...{ kills: 8, packets: 1_000, seconds: 20, settleMs: 3_000 },
  load: { partitions: 32, fillerBytes: 200, pauseMs: 0 },
};

const PARTS: Readonly<Record<string, PartName[]>> = { disk_full: ["disk_full"] };

for (const planted of PLANTED.filter(({ drill }) => drill !== undefined)) {
  const { drill, name, says } = planted;
  needs(...(PARTS[drill!] ?? []))(
    `a drill of ${drill} sees it when ${says} (${name})`,
    async () => {
      using folder = temporaryFolder();
      plantIn(folder.path, planted);
      const program = [process.execPath, path.join(folder.path, "src/main.ts")];
      const { failures } = await drillProgram(program, drill!, SHORT);
      expect(failures).not.toEqual([]);
    },
    90_000,
  );
}
