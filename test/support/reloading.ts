import type { folderWith } from "./cli.ts";
import { type Running, start } from "./running.ts";
import type { Report } from "./webhook.ts";

type Folder = Pick<ReturnType<typeof folderWith>, "folder">;

/** The binary with `yard.yaml` of the folder, and a state directory by which it can be asked. */
export function running({ folder }: Folder, ...flags: string[]): Running {
  const args = ["run", "yard.yaml", "--state-dir", "state", "--http", "127.0.0.1:0", "--report-json", ...flags];
  return start(args, { cwd: folder, env: { ALLOW_ALL_PLUGINS: "true" } });
}

export interface Answer {
  code: number;
  outcome: string;
  generation: number;
  reason?: string;
  hint?: string;
  findings?: string;
}

/** `schnitzel reload`, and what it answers. */
export async function ask({ folder }: Folder, ...flags: string[]): Promise<Answer> {
  const args = ["reload", "yard", "--state-dir", "state", "--json", ...flags];
  await using command = start(args, { cwd: folder, env: { ALLOW_ALL_PLUGINS: "true" } });
  const { code, stdout, stderr } = await command.ended();
  if (stdout === "") throw new Error(`no answer, code ${code}:\n${stderr}`);
  return { code, ...JSON.parse(stdout) };
}

export const reportOf = ({ stdout }: { stdout: string }): Report => JSON.parse(stdout.trim().split("\n").at(-1)!);
