// Set by the build (scripts/compile.ts); the sources run without it.
declare const SCHNITZEL_TARGET: string;

/** In a binary its own file system, flat; from source what `bun scripts/assets.ts` made. */
const FOLDER =
  typeof SCHNITZEL_TARGET === "string"
    ? import.meta.path.replace(/([\\/]root[\\/]).*$/s, "$1")
    : decodeURIComponent(new URL("../../.toolchain/assets/", import.meta.url).pathname);

/**
 * A file that the build put into the binary (`scripts/assets.ts` lists them), inflated; undefined when this
 * build lacks it. Each call reads it anew: whoever needs it twice keeps it.
 */
export async function embeddedFile(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const plain = Bun.file(FOLDER + name);
  if (await plain.exists()) return plain.bytes();
  const packed = Bun.file(`${FOLDER}${name}.zst`);
  if (!(await packed.exists())) return undefined;
  return new Uint8Array(await Bun.zstdDecompress(await packed.bytes()));
}

/**
 * The path by which this process, and no other, can import or open an embedded file that is stored as it is
 * (`zstd: false`); undefined when this build lacks it.
 */
export async function embeddedPath(name: string): Promise<string | undefined> {
  const file = FOLDER + name;
  return (await Bun.file(file).exists()) ? file : undefined;
}

/** What the build noted of an embedded file. */
export interface EmbeddedFact {
  readonly name: string;
  /** Inflated. */
  readonly bytes: number;
  /** Of the inflated bytes, 64 hex digits. */
  readonly sha256: string;
  /** Where it comes from and under which terms, for `schnitzel version --licenses`. */
  readonly what: string;
  readonly license: string;
  readonly source: string;
}

/** Every embedded file; none in a build without any. */
export async function embeddedFacts(): Promise<EmbeddedFact[]> {
  const bytes = await embeddedFile("assets.json");
  return bytes === undefined ? [] : JSON.parse(new TextDecoder().decode(bytes));
}
