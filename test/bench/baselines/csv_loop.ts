/** CSV -> filter -> JSONL as one would write it by hand for exactly this file: no quotes, no checks, no metrics. */
import { createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";

const [input, output] = process.argv.slice(2) as [string, string];
const out = createWriteStream(output);
let header = true;
for await (const line of createInterface({ input: createReadStream(input), crlfDelay: Number.POSITIVE_INFINITY })) {
  if (header) {
    header = false;
    continue;
  }
  const [id, name, city, temperature, ok] = line.split(",");
  const record = { id: Number(id), name, city, temperature: Number(temperature), ok: ok === "true" };
  if (record.temperature > 20 && !out.write(`${JSON.stringify(record)}\n`)) {
    await new Promise((resolve) => out.once("drain", resolve));
  }
}
await new Promise((resolve) => out.end(resolve));
