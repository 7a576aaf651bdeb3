import { expect } from "bun:test";
import * as path from "node:path";
import { openFile } from "../../src/store/open_file.ts";
import { temporaryFolder } from "../support/folder.ts";
import { needs } from "../support/part.ts";
import { keysIn, queueFileOptions } from "./store_writer.ts";

const ROWS = 12;

/** Runs the writer with every fsync that `when` names failing, then looks with sound eyes at what is in the file. */
async function underFailingSyncs(file: string, when: string) {
  const inject = ["-e", "trace=fsync,fdatasync", "-e", `inject=fsync,fdatasync:error=EIO:when=${when}`];
  const child = path.join(import.meta.dir, "store_sync_child.ts");
  const command = ["strace", "-f", "-qq", "-o", "/dev/null", ...inject, process.execPath, child, file, String(ROWS)];
  const ran = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  const [out, said, code] = await Promise.all([ran.stdout.text(), ran.stderr.text(), ran.exited]);
  if (code !== 0) throw new Error(`the writer ended with ${code}: ${said}\n${out}`);
  const lines = out.trimEnd().split("\n");
  const events: string[] = [];
  const opened = openFile(file, queueFileOptions(events));
  const kept = keysIn(opened);
  opened.guards.close();
  const acked = lines.filter((line) => line.startsWith("a ")).map((line) => line.slice(2));
  return { lines, acked, falseAcks: acked.filter((key) => !kept.includes(key)), events };
}

needs("slow_disk")(
  "no row is acknowledged falsely, whichever fsync fails, and the queue goes on with a reopened file",
  async () => {
    const seen = new Set<string>();
    for (let nth = 1; nth <= 40; nth++) {
      using folder = temporaryFolder();
      const { lines, acked, falseAcks, events } = await underFailingSyncs(
        path.join(folder.path, "q.sqlite3"),
        String(nth),
      );
      expect({ nth, falseAcks, events }).toEqual({ nth, falseAcks: [], events: [] });
      // A failure at open stops it; any later one costs at most one try.
      if (!lines[0]!.startsWith("unopenable")) expect([nth, acked.length]).toEqual([nth, ROWS]);
      for (const line of lines) seen.add(line.split(" ").slice(0, 2).join(" "));
    }
    expect([...seen]).toContain("unopenable QUEUE_UNOPENABLE");
    expect([...seen]).toContain("failed SQLITE_IOERR_FSYNC");
    expect([...seen]).toContain("reopened");
  },
  60_000,
);

needs("slow_disk")(
  "no row is acknowledged falsely while every fsync fails from one on, and the file cannot be opened then",
  async () => {
    using folder = temporaryFolder();
    const { lines, acked, falseAcks } = await underFailingSyncs(path.join(folder.path, "q.sqlite3"), "24+");
    expect(falseAcks).toEqual([]);
    expect(acked.length).toBeWithin(1, ROWS);
    expect(lines).toContain("failed QUEUE_UNOPENABLE");
    expect(lines.at(-1)).toBe("end");
  },
);
