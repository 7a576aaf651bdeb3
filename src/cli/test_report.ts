import { placeText } from "../graph/index.ts";
import type { CaseResult, Coverage, CoverageFigure, Failure } from "../trial/index.ts";
import { counted } from "./counted.ts";

/** What became of one test file. */
export interface FileResult {
  readonly path: string;
  readonly cases: readonly CaseResult[];
}

export interface TestResults {
  readonly files: readonly FileResult[];
  /** By graph, as the user gave it. */
  readonly coverage: ReadonlyMap<string, Coverage>;
  /** Snapshot files that were written. */
  readonly updated: readonly string[];
  readonly tookMs: number;
}

export const isGreen = ({ files }: TestResults) => casesOf(files).every(({ failures }) => failures.length === 0);

const casesOf = (files: readonly FileResult[]) => files.flatMap(({ cases }) => cases);
const failureText = ({ place, message }: Failure) => `  ${placeText(place)}\n  ${message}`;

/** One line for each case, what is wrong below it, and a summary. */
export function testText(results: TestResults, { coverage }: { coverage: boolean }): string {
  const lines = results.files.flatMap(({ path, cases }) => [
    path,
    ...cases.flatMap(({ name, failures, tookMs }) => [
      `  ${failures.length === 0 ? "ok  " : "FAIL"} ${name} (${Math.round(tookMs)} ms)`,
      ...failures.map((failure) => failureText(failure).replace(/^/gm, "    ")),
    ]),
  ]);
  const all = casesOf(results.files);
  const failed = all.filter(({ failures }) => failures.length > 0).length;
  const seconds = (results.tookMs / 1_000).toFixed(1);
  return [
    ...lines,
    ...(coverage ? coverageLines(results.coverage) : []),
    ...results.updated.map((file) => `wrote ${file}`),
    `${counted(all.length, "case")}: ${all.length - failed} ok, ${failed} failed, ${seconds} s`,
    "",
  ].join("\n");
}

function coverageLines(coverage: ReadonlyMap<string, Coverage>): string[] {
  return [...coverage].flatMap(([graph, { figures }]) => [
    `coverage of ${graph}: ${ratio(figures.nodes)} nodes, ${ratio(figures.ports)} output ports`,
    ...missing("no packet reached", figures.nodes),
    ...missing("no packet left by", figures.ports),
  ]);
}

const ratio = ({ covered, total }: CoverageFigure) => `${covered} of ${total}`;
const missing = (what: string, { missing: names }: CoverageFigure) =>
  names.length === 0 ? [] : [`  ${what} ${names.join(", ")}`];

export function testJson(results: TestResults) {
  const coverage = [...results.coverage].map(([graph, { figures }]) => ({ graph, ...figures }));
  const all = casesOf(results.files);
  const failed = all.filter(({ failures }) => failures.length > 0).length;
  return {
    schema_version: 1,
    files: results.files.map(({ path, cases }) => ({
      path,
      cases: cases.map(({ name, failures, tookMs }) => ({
        ...{ name, ok: failures.length === 0, duration_ms: Math.round(tookMs), failures },
      })),
    })),
    coverage,
    updated: results.updated,
    summary: { cases: all.length, failed, duration_ms: Math.round(results.tookMs) },
  };
}

/** The XML that CI servers read. */
export function junitXml({ files, tookMs }: TestResults): string {
  const all = casesOf(files);
  const suites = files.map(({ path, cases }) => suite(path, cases));
  const head = attributes({ name: "schnitzel test", tests: all.length, failures: failing(all), time: seconds(tookMs) });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${head}>\n${suites.join("")}</testsuites>\n`;
}

const failing = (cases: readonly CaseResult[]) => cases.filter(({ failures }) => failures.length > 0).length;
const seconds = (ms: number) => (ms / 1_000).toFixed(3);

function suite(path: string, cases: readonly CaseResult[]): string {
  const time = seconds(cases.reduce((sum, { tookMs }) => sum + tookMs, 0));
  const head = attributes({ name: path, tests: cases.length, failures: failing(cases), time });
  return `  <testsuite${head}>\n${cases.map((one) => caseXml(path, one)).join("")}  </testsuite>\n`;
}

function caseXml(path: string, { name, failures, tookMs }: CaseResult): string {
  const head = attributes({ classname: path, name, time: seconds(tookMs) });
  if (failures.length === 0) return `    <testcase${head}/>\n`;
  const [first] = failures;
  const text = escaped(failures.map(failureText).join("\n"));
  const failure = `      <failure${attributes({ message: first!.message.split("\n")[0]! })}>${text}</failure>\n`;
  return `    <testcase${head}>\n${failure}    </testcase>\n`;
}

const attributes = (values: Record<string, string | number>) =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join("");

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** XML has no way to write most control characters. */
const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (found) => ENTITIES[found]!).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "\ufffd");
