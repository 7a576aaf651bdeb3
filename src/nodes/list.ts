import type { NodeDefinition } from "../node/index.ts";
import { barSink } from "./dev/bar_sink.ts";
import { generateSource } from "./dev/generate_source.ts";
import { nullSink } from "./dev/null_sink.ts";
import { staticSource } from "./dev/static_source.ts";
import { jsonlSink } from "./io/jsonl_sink.ts";
import { printSink } from "./io/print_sink.ts";

/** Every node the binary carries, by domain. A node that is not here does not exist. */
export const BUILT_IN: readonly NodeDefinition[] = [
  // dev
  barSink,
  generateSource,
  nullSink,
  staticSource,
  // io
  jsonlSink,
  printSink,
];
