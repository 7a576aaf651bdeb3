/** Documents as they are written, for `migrate/`, which makes other documents of them. */

export { Findings } from "./findings.ts";
export { nameOf } from "./graph_name.ts";
export { legacyRuntime } from "./legacy_runtime.ts";
export { loadRoot } from "./load_root.ts";
export { hideSecrets } from "./redact.ts";
export { readPlain } from "./scalars.ts";
export { NODE_ID } from "./schema.ts";
export { SourceText } from "./source_text.ts";
export {
  childOf,
  entryOf,
  isNull,
  listOf,
  type MapTree,
  type Path,
  pathText,
  placeOf,
  plain,
  type ScalarTree,
  type Spot,
  spotAt,
  type Tree,
} from "./tree.ts";
export { Variables } from "./variables.ts";
export { show } from "./words.ts";
