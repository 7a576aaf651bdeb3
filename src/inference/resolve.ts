import type { BoxOutput, FrameInput } from "../node/index.ts";

/** A model as found, before anybody runs it. */
export interface ResolvedModel {
  /** Name in the catalogue, or the file's name. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Hex. */
  readonly sha256: string;
  readonly classes?: readonly string[];
  readonly usual?: { readonly input?: FrameInput; readonly output?: Omit<BoxOutput, "classes"> };
}

/** Finds a model by name or file. Rejects with an Error that says where was looked and what to do. */
export type ResolveModel = (model: string) => Promise<ResolvedModel>;
