import { toError } from "../base/to_error.ts";
import {
  type ConfigIssue,
  type Files,
  inputPorts,
  type NodeDefinition,
  type Port,
  type Ports,
  type Resolution,
} from "../node/index.ts";
import { checkValue, warnCoerced } from "./check_value.ts";
import type { DiagnosticCode } from "./diagnostic.ts";
import type { Findings } from "./findings.ts";
import { offsetSpot } from "./offset_spot.ts";
import type { ReadNode } from "./read_node.ts";
import { descend, isBroken, type MapTree, type Path, pathText, placeOf, plain, type Spot, spotAt } from "./tree.ts";
import { show } from "./words.ts";

type Found = Extract<Resolution, { found: true }>;

export interface ConfigContext {
  compat: boolean;
  findings: Findings;
  /** Where the files that nodes read are looked for; undefined when nobody looks. */
  files?: Files;
  /** How bad it is that such a file is missing; an error unless given. */
  missing?: "error" | "warning";
}

/** The checked config of a node and the ports that follow from it; `config` is undefined when it is not valid. */
export interface CheckedConfig {
  config: { value: unknown } | undefined;
  inputs: Ports | undefined;
  outputs: Ports | undefined;
}

export function checkConfig(node: ReadNode, found: Found, context: ConfigContext): CheckedConfig {
  return new ConfigCheck(node, found, context).run();
}

class ConfigCheck {
  readonly #found: Found;
  readonly #context: ConfigContext;
  readonly #subject: string;
  readonly #action: string;
  /** Of what does not stand in the way. */
  readonly #doubt: string;
  readonly #base: Path;
  readonly #tree: MapTree;

  constructor(node: ReadNode, found: Found, context: ConfigContext) {
    this.#found = found;
    this.#context = context;
    this.#subject = `node "${node.id}" (${found.definition.name})`;
    this.#action = `Cannot create ${this.#subject} as`;
    this.#doubt = `Look at ${this.#subject}:`;
    this.#base = [...node.base, "config"];
    // A config that is left out is empty; its missing keys are reported at the node.
    this.#tree = node.config ?? { ...spotAt(node.tree, []), type: "map", entries: new Map() };
  }

  run(): CheckedConfig {
    const { definition } = this.#found;
    const failed = { config: undefined, inputs: staticInputs(definition), outputs: definition.staticOutputs };
    if (isBroken(this.#tree)) return failed;
    const value = this.#adapted();
    if (value === undefined) return failed;
    const checked = this.#guarded("config", () =>
      checkValue({
        schema: definition.config,
        value,
        tree: this.#tree,
        base: this.#base,
        action: `create ${this.#subject}`,
        subject: this.#subject,
        name: "config",
        code: "CONFIG_VALUE",
        compat: this.#context.compat,
        coerces: true,
        findings: this.#context.findings,
      }),
    );
    if (!checked) return failed;
    const config = { value: checked.output };
    const sound = this.#ownCheck(definition, config.value);
    if (sound) this.#readsCheck(definition, config.value);
    const inputs = this.#guarded("inputs", () => portsOf(inputPorts(definition, config.value)));
    const outputs = this.#guarded("outputs", () => portsOf(definition.outputs(config.value)));
    if (sound && inputs && outputs) return { config, inputs, outputs };
    return { ...failed, inputs: inputs ?? failed.inputs, outputs: outputs ?? failed.outputs };
  }

  /** The config as our node knows it: the predecessor's is rewritten first. */
  #adapted(): unknown {
    const { legacy } = this.#found;
    if (!legacy) return plain(this.#tree);
    const { transport, ...config } = plain(this.#tree) as Record<string, unknown>;
    if (transport !== undefined && transport !== "inproc") {
      const message = `${this.#action} config.transport must be "inproc": current value is ${show(transport)}`;
      this.#refuse("CONFIG_VALUE", spotAt(this.#tree, ["transport"]), ["transport"], message);
      return undefined;
    }
    const adapted = this.#guarded("rewriting of the config", () => legacy.adapt(config));
    this.#tellUntrue(config, adapted as Record<string, unknown> | undefined);
    return adapted;
  }

  /** Text such as "False" is false here and was true to the predecessor, as any text was: that is said. */
  #tellUntrue(config: Record<string, unknown>, adapted: Record<string, unknown> = {}) {
    const { findings } = this.#context;
    const subject = { tree: this.#tree, base: this.#base, subject: this.#subject, name: "config", findings };
    for (const [key, text] of Object.entries(config)) {
      if (typeof text === "string" && text !== "" && adapted[key] === false) {
        warnCoerced(subject, [key], text, false, false);
      }
    }
  }

  #ownCheck(definition: NodeDefinition, value: unknown): boolean {
    const issues = this.#guarded("check", () => issuesOf(definition.check(value)));
    if (!issues) return false;
    for (const issue of issues) this.#reportOwn(issue);
    return issues.every((issue) => issue.severity === "warning");
  }

  #readsCheck(definition: NodeDefinition, value: unknown) {
    const { files, missing } = this.#context;
    const action = missing === "warning" ? this.#doubt : this.#action;
    if (files === undefined) return;
    for (const { path, file } of this.#guarded("reads", () => definition.reads?.(value) ?? []) ?? []) {
      if (files.exists(file) && !files.stat(file).isDirectory()) continue;
      const what = files.exists(file) ? "is a folder" : "is not there";
      const message = `${action} ${pathText(["config", ...path])} names a file that ${what}: ${files.resolve(file)}`;
      const hint = "relative paths start at the graph file's folder";
      this.#refuse("RESOURCE_MISSING", spotAt(this.#tree, path), path, message, hint, missing);
    }
  }

  #reportOwn({ path, message, hint, offset, severity = "error" }: ConfigIssue) {
    const target = descend(this.#tree, path);
    const spot =
      offset !== undefined && target?.type === "scalar" ? offsetSpot(target, offset) : spotAt(this.#tree, path);
    const name = pathText(["config", ...path]);
    // A node says `must be …` or `names an unknown field …`; a whole sentence stands behind a colon.
    const says = /^(?:must|is|has|names|needs) /.test(message)
      ? `${name} ${message}`
      : `${name} is not valid: ${message}`;
    const action = severity === "warning" ? this.#doubt : this.#action;
    this.#refuse("CONFIG_CHECK", spot, path, `${action} ${says}`, hint, severity);
  }

  /** A node's own code may throw; that must not end the check of the rest. */
  #guarded<Result>(what: string, run: () => Result): Result | undefined {
    try {
      return run();
    } catch (error) {
      const { message } = toError(error);
      this.#refuse("CONFIG_CHECK", spotAt(this.#tree, []), [], `${this.#action} its ${what} failed: ${message}`);
      return undefined;
    }
  }

  #refuse(
    code: DiagnosticCode,
    spot: Spot,
    path: Path,
    message: string,
    hint?: string,
    severity: "error" | "warning" = "error",
  ) {
    this.#context.findings.add({
      code,
      severity,
      message,
      place: placeOf(spot),
      path: pathText([...this.#base, ...path]),
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

const staticInputs = ({ inputs, inputsFor }: NodeDefinition) => (inputsFor === undefined ? inputs : undefined);

/** Throws unless a node's own check gave what its type promises; a plugin in JavaScript may give anything. */
function issuesOf(given: unknown): readonly ConfigIssue[] {
  const isIssue = (issue: unknown) => {
    const { path, message } = Object(issue) as Partial<ConfigIssue>;
    return Array.isArray(path) && typeof message === "string";
  };
  if (Array.isArray(given) && given.every(isIssue)) return given;
  throw new TypeError("it gave no list of { path, message }");
}

function portsOf(given: unknown): Ports {
  const isPort = (one: unknown) => {
    const { kinds } = Object(one) as Partial<Port>;
    return kinds === "*" || Array.isArray(kinds);
  };
  if (typeof given === "object" && given !== null && Object.values(given).every(isPort)) return given as Ports;
  throw new TypeError("it gave no map of ports: make each with port(…)");
}
