import { didYouMean } from "../base/suggest.ts";
import { CODES, type CodeText, explainCode } from "../graph/index.ts";
import { ANSWER_CODES } from "./answer_codes.ts";
import { BLOB_CODES } from "./blob_codes.ts";
import { columns } from "./columns.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { QUEUE_CODES } from "./queue_codes.ts";
import { RUN_CODES } from "./run_codes.ts";

/** Every code that a person can meet in a terminal. */
export const ALL_CODES: Readonly<Record<string, CodeText>> = {
  ...CODES,
  ...RUN_CODES,
  ...QUEUE_CODES,
  ...BLOB_CODES,
  ...ANSWER_CODES,
};

export const command = defineCommand({
  args: [
    { name: "CODE", doc: "A code that validate or run printed; all of them are listed without it.", optional: true },
  ],
  flags: { json: flag.toggle("Print what is known about the codes as JSON.") },
  examples: [
    ["schnitzel explain CYCLE_WITHOUT_DELAY", "What it means, why, and what to do."],
    ["schnitzel explain", "Every code."],
  ],
  exits: { [EXIT.invalid]: "There is no such code, or usage." },
  run({ args: [given], flags, terminal }) {
    const code = given?.toUpperCase();
    if (code !== undefined && !Object.hasOwn(ALL_CODES, code)) throw unknownCode(code);
    const shown = code === undefined ? ALL_CODES : { [code]: ALL_CODES[code]! };
    if (flags.json) terminal.out(`${JSON.stringify({ schema_version: 1, codes: shown }, null, 2)}\n`);
    else if (code === undefined)
      terminal.out(columns(Object.entries(ALL_CODES).map(([name, { title }]) => [name, title])));
    else terminal.out(`${explainCode(code, ALL_CODES)}\n`);
    return EXIT.ok;
  },
});

function unknownCode(code: string): UsageError {
  const near = didYouMean(code, Object.keys(ALL_CODES));
  const hint = near === undefined ? "`schnitzel explain` lists every code" : `did you mean ${near}?`;
  return new UsageError(`there is no code ${code}`, hint);
}
