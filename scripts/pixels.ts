/**
 * Makes `src/inference/pre/pixels_wasm.ts` of the text beside it, `pixels.wat`. A test holds that both say the same.
 *
 *   bun scripts/pixels.ts
 */
import * as path from "node:path";
import wabt from "wabt";

const FOLDER = path.resolve(import.meta.dir, "../src/inference/pre");
const TEXT = path.join(FOLDER, "pixels.wat");
export const MODULE = path.join(FOLDER, "pixels_wasm.ts");

/** The module that pixels.wat makes; throws with the line where it is no WebAssembly. */
export async function pixelsModule(): Promise<string> {
  const { parseWat } = await wabt();
  const bytes = parseWat("pixels.wat", await Bun.file(TEXT).text(), { simd: true }).toBinary({}).buffer;
  const lines = Buffer.from(bytes)
    .toString("base64")
    .match(/.{1,110}/g)!;
  const text = lines.map((line) => `  "${line}"`).join(" +\n");
  return `/** Made of pixels.wat by \`bun scripts/pixels.ts\`: WebAssembly, in base64. */\nexport const PIXELS =\n${text};\n`;
}

if (import.meta.main) await Bun.write(MODULE, await pixelsModule());
