import type { PluginSource } from "./plugin_file.ts";
import { PluginRefused } from "./refusal.ts";

/** The one module a plugin may import; the binary serves it. */
export const API_MODULE = "schnitzel";

export const languageOf = (file: string): "ts" | "js" => (file.endsWith(".ts") ? "ts" : "js");

/**
 * Refuses imports of anything but {@link API_MODULE}, also dynamic ones and `require` with a literal.
 *
 * A lint that keeps honest plugins portable, not a boundary: globals such as `fetch` and `Bun` are there, and a
 * computed import is not seen. See docs/plugins.md.
 */
export function checkImports({ id, file, text }: PluginSource) {
  const refuse = (fact: string, way?: string) =>
    new PluginRefused("PLUGIN_LOAD_FAILED", `Cannot load plugin "${id}" as ${file} ${fact}`, way);
  let imports: { path: string }[];
  try {
    imports = new Bun.Transpiler({ loader: languageOf(file) }).scanImports(text);
  } catch (error) {
    throw refuse(`is not valid: ${syntaxFault(error)}`);
  }
  const foreign = [...new Set(imports.map((found) => found.path))].filter((path) => path !== API_MODULE);
  if (foreign.length === 0) return;
  throw refuse(
    `imports ${foreign.map((path) => `"${path}"`).join(", ")}: only "${API_MODULE}" is allowed`,
    "time, files, network and randomness come from the node's context; bundle a library into the file",
  );
}

/** `line 3, column 5: Unexpected =` of what Bun's parser threw. */
export function syntaxFault(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const { message, position } = first as { message?: string; position?: { line: number; column: number } | null };
  return position ? `line ${position.line}, column ${position.column}: ${message}` : String(message ?? first);
}
