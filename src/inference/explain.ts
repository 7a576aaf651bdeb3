/** What ONNX Runtime says of a model it does not take, and what a person does about it. */
const KNOWN: readonly (readonly [says: RegExp, tells: (...found: string[]) => string])[] = [
  [
    /([\w.]+:[\w.]+)\(-?\d+\) is not a registered function\/op/,
    (op) =>
      `it uses the operator ${op}, which ONNX Runtime does not know: export it with standard operators only ` +
      "(torch.onnx.export without custom ops, opset 17)",
  ],
  [
    /No Op registered for (\S+) with domain_version of (\d+)/,
    (op, opset) =>
      `it uses the operator ${op}, which opset ${opset} does not have: export it with standard operators, opset 17`,
  ],
  [
    /Could not find an implementation for ([\w.]+)\((\d+)\)/,
    (op, version) =>
      `it uses the operator ${op} (version ${version}) with types that this backend has not: export it as float32`,
  ],
  [
    /Unsupported model IR version: (\d+), max supported IR version: (\d+)/,
    (got, most) => `it is written in IR version ${got}, at most ${most} is read: export it with an older onnx package`,
  ],
  [
    /Opset (\d+) is under development/,
    (got) => `it uses opset ${got}, which this ONNX Runtime does not have: export it with opset 17`,
  ],
  [
    /external data|External data|Module\.MountedFiles/,
    () => "its weights lie in another file (.data): save it as one file, onnx.save(model, file) without external data",
  ],
  [
    /bad_alloc|out of memory|Out of memory/,
    () => "it does not fit into memory (WebAssembly has at most 4 GB): take a smaller model or the native library",
  ],
  [/protobuf parsing failed|No graph was found/i, () => "it is no ONNX file, or damaged: copy it again"],
];

/** One sentence for what went wrong while a model was loaded; unknown messages stay as they are. */
export function explainLoad(message: string): string {
  for (const [says, tells] of KNOWN) {
    const found = says.exec(message);
    if (found !== null) return `${tells(...found.slice(1))} (ONNX Runtime: ${short(message)})`;
  }
  return short(message);
}

/** Its messages quote source files and, at times, whole graphs. */
const MAX_MESSAGE = 400;

const short = (message: string) => {
  const line = message.replace(/^.*ERROR_MESSAGE:\s*"?/s, "").replace(/\s+/g, " ");
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}…` : line;
};
