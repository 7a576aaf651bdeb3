import type { DeadLetter } from "../../observe/index.ts";
import type { Requested } from "../life/canned_network.ts";
import type { Expected, ExpectedLetter, ExpectedRequest, ExpectedText } from "../script/shape.ts";
import { differences, listed, show } from "./compare.ts";
import type { Fail, Outcome } from "./outcome.ts";
import { packetsDiffer } from "./packets.ts";
import { checkPort, countDiffers, type PortChecks } from "./ports.ts";
import { lineDifference, type Snapshots, snapshotDiffers } from "./snapshot.ts";

/** Compares what came with what a case expects. */
export function checkOutcome(expected: Expected, outcome: Outcome, checks: PortChecks, fail: Fail) {
  for (const [name, wanted] of Object.entries(expected.nodes ?? {})) {
    checkPort(["nodes", name], wanted, outcome, checks, fail);
  }
  checkEnding(expected, outcome, fail);
  if (expected.dead_letters !== undefined) checkLetters(expected.dead_letters, outcome.letters, fail);
  if (expected.requests !== undefined) checkRequests(expected.requests, outcome.requests, fail);
  checkMetrics(expected, outcome, fail);
  if (expected.stdout !== undefined) checkText(["stdout"], expected.stdout, outcome.stdout, checks.snapshots, fail);
  for (const [name, wanted] of Object.entries(expected.files ?? {})) {
    checkText(["files", name], wanted, outcome.file(name), checks.snapshots, fail);
  }
}

/** A run that failed is a failed test, unless that is what is expected. */
function checkEnding({ status, stop_reason, error }: Expected, { report }: Outcome, fail: Fail) {
  const failed = report.error === null ? "" : `: ${report.error}`;
  if (status !== undefined && report.status !== status)
    fail(["status"], `expected ${status}, got ${report.status}${failed}`);
  if (stop_reason !== undefined && report.stop_reason !== stop_reason) {
    fail(["stop_reason"], `expected ${stop_reason}, got ${report.stop_reason}${failed}`);
  }
  if (error !== undefined && !report.error?.includes(error)) {
    fail(
      ["error"],
      `expected an error with ${show(error)}, got ${report.error === null ? "none" : show(report.error)}`,
    );
  }
  const expectsFailure = status !== undefined || error !== undefined;
  if (report.status === "error" && !expectsFailure)
    fail([], `the run failed${failed}; expect status: error if it is to`);
}

function checkLetters(wanted: number | readonly ExpectedLetter[], got: readonly DeadLetter[], fail: Fail) {
  const letters = got.map((one) => `\n    ${one.node_id}: ${one.reason}`).slice(0, 5);
  const count = countDiffers(typeof wanted === "number" ? wanted : wanted.length, got.length);
  if (count !== undefined) return fail(["dead_letters"], `${count}${letters.join("")}`);
  if (typeof wanted === "number") return;
  for (const [at, { node, reason, packet }] of wanted.entries()) {
    const letter = got[at]!;
    const wrong = (text: string) => fail(["dead_letters", at], text);
    if (node !== undefined && letter.node_id !== node)
      wrong(`expected one of node ${node}, got ${letter.node_id}: ${letter.reason}`);
    if (reason !== undefined && !letter.reason.includes(reason))
      wrong(`expected a reason with ${show(reason)}, got ${show(letter.reason)}`);
    if (packet === undefined) continue;
    const differs = packetsDiffer([packet], letter.packet ? [letter.packet] : [], { exact: false, anyOrder: false });
    if (differs !== undefined) wrong(differs);
  }
}

function checkRequests(wanted: number | readonly ExpectedRequest[], got: readonly Requested[], fail: Fail) {
  const told = got.map(({ method, url, status }) => `\n    ${method} ${url}: ${status ?? "no answer"}`).slice(0, 5);
  const count = countDiffers(typeof wanted === "number" ? wanted : wanted.length, got.length);
  if (count !== undefined) return fail(["requests"], `${count}${told.join("")}`);
  if (typeof wanted === "number") return;
  for (const [at, { json, ...fields }] of wanted.entries()) {
    const found = differences(fields, got[at]);
    if (json !== undefined) found.push(...differences(json, jsonOf(got[at]!.body), { at: "json" }));
    if (found.length > 0) fail(["requests", at], `request ${at + 1} differs${listed(found)}`);
  }
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function checkMetrics({ metrics = {}, report: wanted }: Expected, { report }: Outcome, fail: Fail) {
  for (const [name, amount] of Object.entries(metrics)) {
    const got = report.metrics[name];
    if (got === undefined) fail(["metrics", name], `the run has no such metric; it has ${near(name, report.metrics)}`);
    else {
      const differs = countDiffers(amount, got);
      if (differs !== undefined) fail(["metrics", name], differs);
    }
  }
  const found = wanted === undefined ? [] : differences(wanted, report);
  if (found.length > 0) fail(["report"], `the report differs${listed(found)}`);
}

/** Those of the same node, or the first ones. */
function near(name: string, metrics: Readonly<Record<string, number>>): string {
  const node = name.split(".").slice(0, 2).join(".");
  const same = Object.keys(metrics).filter((one) => one.startsWith(`${node}.`));
  return (same.length > 0 ? same : Object.keys(metrics)).slice(0, 12).join(", ");
}

function checkText(
  path: readonly string[],
  wanted: string | ExpectedText,
  got: string | undefined,
  snapshots: Snapshots,
  fail: Fail,
) {
  if (got === undefined) return fail(path, "the run did not write it");
  if (typeof wanted === "string") {
    if (got !== wanted) fail(path, `differs${lineDifference(wanted, got)}`);
    return;
  }
  for (const part of [wanted.contains ?? []].flat()) {
    if (!got.includes(part)) fail([...path, "contains"], `does not contain ${show(part)}: it is ${show(got)}`);
  }
  if (wanted.lines !== undefined) {
    const lines = got === "" ? 0 : got.trimEnd().split("\n").length;
    const differs = countDiffers(wanted.lines, lines);
    if (differs !== undefined) fail([...path, "lines"], differs);
  }
  if (wanted.snapshot !== undefined) {
    const differs = snapshotDiffers(got, wanted.snapshot, snapshots);
    if (differs !== undefined) fail([...path, "snapshot"], differs);
  }
}
