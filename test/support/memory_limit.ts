import * as fs from "node:fs";
import * as path from "node:path";

/** Where control groups bound memory: the first version, or the second where its root hands the controller on. */
const PLACES = [
  { root: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes", needs: "memory.limit_in_bytes" },
  { root: "/sys/fs/cgroup", limit: "memory.max", needs: "cgroup.subtree_control" },
];

function place() {
  return PLACES.find(({ root, needs }) => {
    try {
      const file = path.join(root, needs);
      fs.accessSync(file, fs.constants.W_OK);
      return needs !== "cgroup.subtree_control" || fs.readFileSync(file, "utf8").includes("memory");
    } catch {
      return false;
    }
  });
}

export const canLimitMemory = () => place() !== undefined;

/** A bound of `bytes` for what runs behind `before`, and its children; gone when its `using` scope ends. */
export function memoryLimit(bytes: number) {
  const { root, limit } = place()!;
  const group = path.join(root, `schnitzel-test-${process.pid}`);
  fs.mkdirSync(group);
  fs.writeFileSync(path.join(group, limit), String(bytes));
  return {
    before: ["sh", "-c", `echo $$ > '${group}/cgroup.procs'; exec "$@"`, "sh"],
    [Symbol.dispose]: () => fs.rmdirSync(group),
  };
}
