import * as v from "valibot";
import type { ConfigIssue, NodeContext } from "../../node/index.ts";
import { isMap, SEVERITIES } from "../event_protocol.ts";

const text = v.pipe(v.string(), v.minLength(1));

export const classEntry = v.strictObject({
  class_id: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    v.description("Number of the class in the model."),
  ),
  class_name: v.pipe(v.optional(text), v.description("Its name; with both, the name decides where there is one.")),
  event_type: v.pipe(text, v.description("What it means that one is seen, `ZONE_INTRUSION`.")),
  object_type: v.pipe(text, v.description("What it is, `PERSON`.")),
  severity: v.pipe(v.optional(v.picklist(SEVERITIES), "LOW"), v.description("How bad that is.")),
});

export type ClassEntry = v.InferOutput<typeof classEntry>;

export const DEFAULT_CLASS_MAP: readonly ClassEntry[] = [
  { class_id: 0, class_name: "person", event_type: "ZONE_INTRUSION", object_type: "PERSON", severity: "LOW" },
];

/** The entry for a detection; undefined when its class is not in the map. */
export type FindClass = (detection: Readonly<Record<string, unknown>>) => ClassEntry | undefined;

export function classFinder(entries: readonly ClassEntry[]): FindClass {
  const byName = new Map(
    entries.flatMap((entry) => (entry.class_name === undefined ? [] : [[entry.class_name, entry]])),
  );
  const byId = new Map(entries.flatMap((entry) => (entry.class_id === undefined ? [] : [[entry.class_id, entry]])));
  return ({ class_id, class_name }) => {
    const id = class_id === undefined || class_id === null ? undefined : Number(class_id);
    // A detector without names writes the number where the name goes.
    const named = typeof class_name === "string" && class_name !== "" && class_name !== String(class_id);
    const byItsName = named ? byName.get(class_name) : undefined;
    if (byItsName !== undefined) return byItsName;
    const byItsId = id === undefined ? undefined : byId.get(id);
    return named && byItsId?.class_name !== undefined ? undefined : byItsId;
  };
}

/** What the schema cannot say about a list of entries. */
export function classIssues(entries: readonly ClassEntry[]): ConfigIssue[] {
  const seen = new Set<string>();
  return entries.flatMap(({ class_id, class_name }, at): ConfigIssue[] => {
    if (class_id === undefined && class_name === undefined) {
      return [{ path: [at], message: "which class is it? Give class_id or class_name" }];
    }
    const keys = [
      ...(class_id === undefined ? [] : [`class_id ${class_id}`]),
      ...(class_name === undefined ? [] : [`class_name "${class_name}"`]),
    ];
    const twice = keys.find((key) => seen.has(key));
    for (const key of keys) seen.add(key);
    return twice === undefined ? [] : [{ path: [at], message: `${twice} is in the class map already` }];
  });
}

/** A map of every class a model can know (COCO: 80) has some kilobytes; a megabyte is a wrong file. */
const MAX_BYTES = 1024 * 1024;

/** Reads a class map from a YAML or JSON file: a list of entries, or a map with the list under `class_map`. */
export function readClassMap(file: string, { files }: NodeContext): readonly ClassEntry[] {
  const fail = (fault: string) => new Error(`cannot read the class map "${file}": ${fault}`);
  if (!/\.(ya?ml|json)$/i.test(file)) throw fail("its name must end in .yaml, .yml or .json");
  if (!files.exists(file)) throw fail(`there is no such file at ${files.resolve(file)}`);
  const { size } = files.stat(file);
  if (size > MAX_BYTES) throw fail(`it may have 1 MiB at most, it has ${size} bytes`);
  const content = parse(files.readText(file), fail);
  const list = isMap(content) ? content.class_map : content;
  if (!Array.isArray(list)) throw fail(`${SHAPE}, got ${shapeOf(content)}`);
  const parsed = v.safeParse(v.array(classEntry), list);
  if (!parsed.success) throw fail(issueText(parsed.issues[0]));
  const [issue] = classIssues(parsed.output);
  if (issue !== undefined) throw fail(`class_map[${issue.path.join(".")}]: ${issue.message}`);
  return parsed.output;
}

const SHAPE = "expected class_map: [{ class_id or class_name, event_type, object_type, severity }]";

/** The predecessor took other shapes for an empty map without a word; its own map for protective gear had one. */
function shapeOf(content: unknown): string {
  if (!isMap(content)) return content === null ? "an empty file" : typeof content;
  const { class_map } = content;
  if (isMap(class_map)) return `a map under class_map, with ${keysOf(class_map)}: write each as an entry of a list`;
  return `a map with ${keysOf(content)}`;
}

const keysOf = (map: Record<string, unknown>): string => {
  const keys = Object.keys(map);
  const shown = keys.slice(0, 3).map((key) => `"${key}"`);
  return shown.length === 0 ? "nothing in it" : `${shown.join(", ")}${keys.length > 3 ? " …" : ""}`;
};

function parse(content: string, fail: (fault: string) => Error): unknown {
  try {
    return Bun.YAML.parse(content);
  } catch (error) {
    throw fail((error as Error).message);
  }
}

function issueText(issue: v.BaseIssue<unknown>): string {
  const [at, key] = (issue.path ?? []).map((step) => step.key as string | number);
  return `class_map[${at}]${key === undefined ? "" : `.${key}`}: ${issue.message}`;
}
