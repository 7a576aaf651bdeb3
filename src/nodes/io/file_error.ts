import type { NodeContext } from "../../node/index.ts";

const ADVICE: Record<string, string> = {
  ENOENT: "check the path; a relative one starts at the graph file's folder",
  EACCES: "give the user that runs this the right to it, or name another path",
  EPERM: "give the user that runs this the right to it, or name another path",
  EEXIST: "a part of the path is a file, name a folder there",
  EISDIR: "name a file, this is a folder",
  ENOTDIR: "a part of the path is a file, name a folder there",
  ENOSPC: "make room on the disk",
  EROFS: "the file system is read-only, name a path elsewhere",
  EMFILE: "raise the limit of open files (ulimit -n)",
};

/** An error that names the node, the action, the path and the way out. */
export function fileError(
  action: string,
  file: string,
  { nodeId }: Pick<NodeContext, "nodeId">,
  cause: unknown,
): Error {
  const { code, message } = cause as { code?: string; message?: string };
  const advice = code !== undefined && ADVICE[code] !== undefined ? `; ${ADVICE[code]}` : "";
  return new Error(`node "${nodeId}" cannot ${action} ${file}: ${message ?? String(cause)}${advice}`, { cause });
}
