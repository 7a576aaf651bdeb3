import { PLUGIN_API } from "../node/index.ts";
import { PluginRefused } from "./refusal.ts";

/** The plugin API of this binary, `major.minor`. */
export const HERE = `${PLUGIN_API.major}.${PLUGIN_API.minor}`;

const DECLARED = /^export\s+const\s+api\s*=\s*(["'])(\d{1,4}\.\d{1,4})\1/m;

/**
 * The API version a plugin says it was written for: `export const api = "1.0"` at the start of a line.
 * Read from the text, so a plugin that needs more than this binary has is refused before any of it runs.
 */
export function declaredApi(text: string): string | undefined {
  return DECLARED.exec(text)?.[2];
}

/** Same major and no newer minor: what a minor adds may be used, what a major changed may break. */
export function checkApi(id: string, wanted: string) {
  const [major, minor] = wanted.split(".").map(Number) as [number, number];
  if (major === PLUGIN_API.major && minor <= PLUGIN_API.minor) return;
  throw new PluginRefused(
    "PLUGIN_API_MISMATCH",
    `Cannot load plugin "${id}" as it was written for plugin API ${wanted}: this binary has ${HERE} and loads ${PLUGIN_API.major}.0 to ${HERE}`,
    major > PLUGIN_API.major || (major === PLUGIN_API.major && minor > PLUGIN_API.minor)
      ? "use a newer schnitzel"
      : "docs/plugin-api.md says what changed between majors",
  );
}
