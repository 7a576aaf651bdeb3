import * as fs from "node:fs";
import * as path from "node:path";
import { didYouMean } from "../../base/suggest.ts";
import type { DiagnosticCode, GraphPlan, PlanNode } from "../../graph/index.ts";
import { expressionIssues } from "../../nodes/expression.ts";
import { compileSchema } from "../../packet/json_schema.ts";
import { portNamed } from "../expect/outcome.ts";
import { checkFaults } from "./check_faults.ts";
import { checkNames } from "./check_names.ts";
import { recordedSources } from "./moments.ts";
import type { GivenFrom, TestCase } from "./shape.ts";

/** Tells of a fault; `at` leads there from the case, `key` points at the key and not at the value. */
export type Refuse = (
  code: DiagnosticCode,
  at: readonly (string | number)[],
  message: string,
  hint?: string,
  where?: "key" | "value",
) => void;

/** Checks what a case says against the graph it is about, before anything runs. */
export function checkCase(test: TestCase, plan: GraphPlan, folder: string, refuse: Refuse) {
  new CaseCheck(test, plan, folder, refuse).check();
  checkNames(test, plan, refuse);
}

class CaseCheck {
  readonly #test: TestCase;
  readonly #plan: GraphPlan;
  readonly #folder: string;
  readonly #refuse: Refuse;
  readonly #sources: string[];

  constructor(test: TestCase, plan: GraphPlan, folder: string, refuse: Refuse) {
    this.#test = test;
    this.#plan = plan;
    this.#folder = folder;
    this.#refuse = refuse;
    this.#sources = plan.nodes.filter(isSource).map(({ id }) => id);
  }

  check() {
    this.#checkGiven();
    this.#checkStubs();
    for (const [at, { node }] of [this.#test.faults?.sink_down ?? []].flat().entries()) {
      const list = Array.isArray(this.#test.faults?.sink_down) ? [at] : [];
      this.#node(
        ["faults", "sink_down", ...list, "node"],
        node,
        this.#plan.nodes.map(({ id }) => id),
        "node",
        "value",
      );
    }
    checkFaults(this.#test.faults ?? {}, this.#plan.nodes, (at, reason, where) => this.#value(at, reason, where));
    this.#checkExpected();
  }

  #checkGiven() {
    const { given = {}, recording, allow_real } = this.#test;
    for (const [node, what] of Object.entries(given)) {
      this.#node(["given", node], node, this.#sources, "source");
      if (!Array.isArray(what)) this.#checkFrom(["given", node], what as GivenFrom);
    }
    const recorded = recording === undefined ? [] : this.#recorded(["recording"], recording);
    const silent = this.#sources.filter((id) => given[id] === undefined && !recorded.includes(id));
    if (silent.length === 0 || allow_real) return;
    const message = `Cannot run the case as it does not say what source ${quoted(silent)} sends`;
    const hint = `give ${silent.length === 1 ? "it" : "them"} packets under given:, [] for none; allow_real: true lets real sources run`;
    this.#refuse("TEST_NOT_GIVEN", ["name"], message, hint);
  }

  #checkFrom(at: string[], { packets, file, recording }: GivenFrom) {
    const said = [packets, file, recording].filter((one) => one !== undefined).length;
    if (said !== 1) return this.#value(at, `it must have one of packets, file and recording: it has ${said}`, "key");
    if (file !== undefined && !fs.existsSync(path.resolve(this.#folder, file))) {
      this.#value([...at, "file"], `there is no file ${path.resolve(this.#folder, file)}`);
    }
    if (recording !== undefined) this.#recorded([...at, "recording"], recording);
  }

  #recorded(at: string[], file: string): string[] {
    try {
      return recordedSources(path.resolve(this.#folder, file));
    } catch (error) {
      this.#value(at, (error as Error).message);
      return this.#sources;
    }
  }

  #checkStubs() {
    for (const [id, stub] of Object.entries(this.#test.replace ?? {})) {
      const at = ["replace", id];
      const node = this.#plan.nodes.find((one) => one.id === id);
      if (node === undefined)
        this.#node(
          at,
          id,
          this.#plan.nodes.map((one) => one.id),
          "node",
        );
      else if (isSource(node)) this.#value(at, "a source is replaced by what it sends, under given:", "key");
      else if (typeof stub !== "string") {
        for (const port of Object.keys(stub)) this.#node([...at, port], port, node.outputs, "output port");
      } else if (stub === "pass" && node.outputs.length === 0) this.#value(at, `node "${id}" has no output to pass to`);
    }
  }

  #checkExpected() {
    for (const [name, wanted] of Object.entries(this.#test.expect.nodes ?? {})) {
      const at = ["expect", "nodes", name];
      const port = portNamed(name, this.#plan);
      if (typeof port !== "string") this.#unknownPort(at, name, port);
      if (Array.isArray(wanted)) continue;
      const { every, some, schema, within } = wanted as {
        every?: string | string[];
        some?: string | string[];
        schema?: unknown;
        within?: number | { from?: number; to?: number };
      };
      for (const [key, texts] of Object.entries({ every, some })) {
        for (const [index, text] of [texts ?? []].flat().entries()) {
          this.#condition([...at, key, ...(Array.isArray(texts) ? [index] : [])], text);
        }
      }
      if (schema !== undefined) this.#schema([...at, "schema"], schema);
      if (typeof within === "object") this.#within([...at, "within"], within);
    }
  }

  #unknownPort(at: string[], name: string, { unknown, known }: { unknown: "node" | "port"; known: readonly string[] }) {
    const code = unknown === "node" ? "UNKNOWN_NODE" : "UNKNOWN_PORT";
    const near = didYouMean(name, known);
    const hint = near === undefined ? `the graph has ${known.join(", ")}` : `did you mean "${near}"?`;
    this.#refuse(code, at, `Cannot run the case as the graph has no ${unknown} "${name}"`, hint, "key");
  }

  #within(at: string[], { from = 0, to = Number.POSITIVE_INFINITY }: { from?: number; to?: number }) {
    if (to < from) this.#value(at, `nothing comes between ${from / 1_000} s and ${to / 1_000} s`, "key");
  }

  #condition(at: (string | number)[], text: string) {
    for (const { message, hint } of expressionIssues([], text, "bool"))
      this.#refuse("TEST_VALUE", at, `Cannot run the case as this ${message}`, hint);
  }

  #schema(at: string[], written: unknown) {
    try {
      compileSchema(schemaOf(written, this.#folder));
    } catch (error) {
      this.#value(at, `the schema cannot be used: ${(error as Error).message}`);
    }
  }

  #node(at: (string | number)[], name: string, known: readonly string[], what: string, where: "key" | "value" = "key") {
    if (known.includes(name)) return;
    const near = didYouMean(name, known);
    const has = known.length === 0 ? "there is none" : `there ${known.length === 1 ? "is" : "are"} ${known.join(", ")}`;
    const hint = near === undefined ? has : `did you mean "${near}"?`;
    this.#refuse("UNKNOWN_NODE", at, `Cannot run the case as there is no ${what} "${name}"`, hint, where);
  }

  #value(at: readonly (string | number)[], reason: string, where: "key" | "value" = "value") {
    this.#refuse("TEST_VALUE", at, `Cannot run the case as ${reason}`, undefined, where);
  }
}

const isSource = ({ definition }: PlanNode) => definition.kind === "source";
const quoted = (ids: readonly string[]) => ids.map((id) => `"${id}"`).join(", ");

/** A JSON Schema as it stands in the test file, or in the file that is named there. */
export function schemaOf(written: unknown, folder: string): unknown {
  return typeof written === "string" ? JSON.parse(fs.readFileSync(path.resolve(folder, written), "utf8")) : written;
}
