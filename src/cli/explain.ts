import { didYouMean } from "../base/suggest.ts";
import { CODES, type CodeText, explainCode } from "../graph/index.ts";
import { columns } from "./columns.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";

const TABLE: Readonly<Record<string, CodeText>> = CODES;

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
    if (code !== undefined && !Object.hasOwn(TABLE, code)) throw unknownCode(code);
    const shown = code === undefined ? TABLE : { [code]: TABLE[code]! };
    if (flags.json) terminal.out(`${JSON.stringify({ schema_version: 1, codes: shown }, null, 2)}\n`);
    else if (code === undefined) terminal.out(columns(Object.entries(TABLE).map(([name, { title }]) => [name, title])));
    else terminal.out(`${explainCode(code)}\n`);
    return EXIT.ok;
  },
});

function unknownCode(code: string): UsageError {
  const near = didYouMean(code, Object.keys(TABLE));
  const hint = near === undefined ? "`schnitzel explain` lists every code" : `did you mean ${near}?`;
  return new UsageError(`there is no code ${code}`, hint);
}
