import type { NodeDefinition } from "./definition.ts";

/** What an address in a graph (`plugin:`) turned out to be. */
export type Resolution =
  | {
      found: true;
      definition: NodeDefinition;
      /** An address of the predecessor; its config is rewritten by `adapt` before the schema sees it. */
      legacy?: { adapt(config: Record<string, unknown>): Record<string, unknown> };
      /** `built_in`, or the plugin file it came from. */
      origin: "built_in" | { file: string; sha256: string };
    }
  | {
      found: false;
      code:
        | "UNKNOWN_PLUGIN"
        | "PLUGIN_NOT_ALLOWED"
        | "PLUGIN_LOAD_FAILED"
        | "PLUGIN_API_MISMATCH"
        | "NODE_NOT_BUILT_IN_YET";
      message: string;
      hint?: string;
    };

/** Where a graph's addresses are looked up. Implemented by `registry/`. */
export interface Catalogue {
  /** Loads whatever these addresses need; after it `resolve` answers for each without waiting. */
  prepare(addresses: readonly string[]): Promise<void>;
  resolve(address: string): Resolution;
  /** True for the predecessor's `module:Class` addresses, which switch a graph to compatibility mode. */
  isLegacy(address: string): boolean;
  /** Every name a graph can use, for "did you mean". */
  names(): readonly string[];
}
