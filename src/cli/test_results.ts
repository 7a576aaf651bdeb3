import { type CaseResult, Coverage } from "../trial/index.ts";
import type { ListedFile, TestNews } from "./test_job.ts";
import type { TestResults } from "./test_report.ts";

/** Puts together what is told of the cases, by one process or by several. */
export class Gathered {
  #files: readonly ListedFile[] | undefined;
  readonly #results: CaseResult[] = [];
  readonly #coverage = new Map<string, Coverage>();
  /** Why nothing was run. */
  refused: Extract<TestNews, { news: "broken" | "failed" }> | undefined;
  over = false;
  /** The case that is run now. */
  current: number | undefined;
  stuckNode: string | undefined;

  /** Cases whose result is there. */
  get done(): number {
    return this.#results.length;
  }

  get wasListed(): boolean {
    return this.#files !== undefined;
  }

  hear(news: TestNews) {
    if (news.news === "broken" || news.news === "failed") this.refused = news;
    if (news.news === "list") this.#files = news.files;
    if (news.news === "begin") this.current = news.at;
    if (news.news === "stuck") this.stuckNode = news.node;
    if (news.news === "done") this.#keep(news.result, news.graph);
    if (news.news === "end") this.over = true;
  }

  /** The process is gone in the midst of a case, which has failed by that; the next process goes on behind it. */
  lost(message: string, tookMs: number) {
    const { name, place } = this.#files!.flatMap(({ cases }) => cases)[this.done]!;
    this.#results.push({ name, tookMs, failures: [{ place, message }], passed: undefined, updated: [] });
    this.current = undefined;
    this.stuckNode = undefined;
    this.over = this.done === this.#files!.reduce((sum, { cases }) => sum + cases.length, 0);
  }

  results(tookMs: number): TestResults {
    const left = this.#results.values();
    const files = (this.#files ?? []).map(({ path, cases }) => ({ path, cases: [...left.take(cases.length)] }));
    return { files, coverage: this.#coverage, updated: this.#results.flatMap(({ updated }) => updated), tookMs };
  }

  #keep(result: CaseResult, graph: string) {
    this.#results.push(result);
    this.current = undefined;
    const known = this.#coverage.get(graph) ?? new Coverage();
    this.#coverage.set(graph, known);
    if (result.passed !== undefined) known.add(result.passed);
  }
}
