import { toError } from "../base/to_error.ts";
import { UsageError } from "./command/index.ts";
import { writeAll } from "./standard_io.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import { runTestJob, type TestJob } from "./test_job.ts";

/** The first argument of a process that runs cases for `schnitzel test`. It starts no other such process. */
export const TEST_CASES_ARGUMENT = "__test-cases";

/** Files and flags of one command line; a list of 10,000 long paths is less. */
const MAX_JOB_BYTES = 16 * 1024 * 1024;

/** Runs the job that stands on stdin, and tells each step as a line that begins with the mark it was given. */
export async function runTestCases() {
  const own = processTerminal();
  const text = await own.stdin(MAX_JOB_BYTES);
  const { job, mark, color } = JSON.parse(new TextDecoder().decode(text)) as {
    job: TestJob;
    mark: string;
    color: boolean;
  };
  const line = (news: object) => `${mark}${JSON.stringify(news)}`;
  // At once and whole: what was done must be known even when the next case never lets anything else run.
  const tell = (news: object) => writeAll(1, Buffer.from(`${line(news)}\n`));
  const terminal: Terminal = { ...own, color, env: own.env, err: (said) => tell({ news: "err", text: said }) };
  try {
    await runTestJob(job, terminal, tell, line);
  } catch (error) {
    const { message, stack = message } = toError(error);
    const usage = error instanceof UsageError;
    const hint = usage ? error.hint : undefined;
    tell({ news: "failed", message: usage ? message : stack, ...(hint === undefined ? {} : { hint }), usage });
  }
}
