import type { Target } from "../targets.ts";

/** A file that the build puts into the binary; `embeddedFile(name)` of `src/base/embedded.ts` reads it there. */
export interface Asset {
  readonly name: string;
  /** In `schnitzel version --licenses`: what it is, its SPDX licence, and where it or its source can be had. */
  readonly what: string;
  readonly license: string;
  readonly source: string;
  /** Said when it cannot be made here: "the binary lacks …". */
  readonly lacking: string;
  /** Stored compressed; then it has no path (`embeddedPath`), and `embeddedFile` inflates it. */
  readonly zstd: boolean;
  /** Files, from the project's root, that decide its bytes: what it is made of and what makes it. */
  readonly inputs: readonly string[];
  /** More that decides its bytes, where they differ by target. */
  readonly key?: (target: Target, options: AssetOptions) => string;
  /** Targets that get it; left out means every one. */
  readonly when?: (target: Target, options: AssetOptions) => boolean;
  /** Makes the bytes, not yet compressed. Throws {@link CannotMake} where this machine lacks what it takes. */
  readonly make: (target: Target, options: AssetOptions) => Promise<Uint8Array>;
}

/** What was asked of a build. */
export interface AssetOptions {
  /** Without ffmpeg. */
  readonly slim?: boolean | undefined;
  /** An ffmpeg to embed in place of the one that the project builds. */
  readonly ffmpeg?: string | undefined;
}

/** The asset is left out and the build goes on; any other error ends the build. */
export class CannotMake extends Error {}
