import { type EmbeddedFact, embeddedFacts, embeddedFile } from "../base/embedded.ts";
import { columns } from "./columns.ts";

/** What is inside this program and on which terms: a table, then every licence text that the build gathered. */
export async function licenses(): Promise<string> {
  const facts = await embeddedFacts();
  if (facts.length === 0) {
    return "schnitzel itself is Apache-2.0; this one runs from source, and node_modules/ holds the licences of its packages\n";
  }
  const texts = facts.filter(({ name }) => name.endsWith(".license.txt"));
  const chapters = await Promise.all(texts.map(({ name }) => textOf(name)));
  return `schnitzel itself is Apache-2.0. Inside it are:\n\n${table(facts)}\n${chapters.join("\n")}`;
}

function table(facts: readonly EmbeddedFact[]): string {
  const rows = facts
    .filter(({ name }) => !name.endsWith(".license.txt"))
    .flatMap(({ name, license, what, source }) => [
      [name, license, what],
      ["", "", `from ${source}`],
    ]);
  return `${columns(rows)}\n`;
}

const textOf = async (name: string) => new TextDecoder().decode(await embeddedFile(name));
