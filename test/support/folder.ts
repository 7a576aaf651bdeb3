import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** A folder of the test's own, gone when its `using` scope ends. */
export function temporaryFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-test-"));
  return { path: folder, [Symbol.dispose]: () => fs.rmSync(folder, { recursive: true, force: true }) };
}
