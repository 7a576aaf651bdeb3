import { version } from "../../package.json";
import { defineCommand, flag } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { licenses } from "./licenses.ts";

// Set by the build (scripts/compile.ts); the sources run without it.
declare const SCHNITZEL_COMMIT: string;
declare const SCHNITZEL_COMMIT_DATE: string;
declare const SCHNITZEL_TARGET: string;

/** What this program was made from. */
export function buildFacts() {
  const built = typeof SCHNITZEL_TARGET === "string";
  return {
    version,
    commit: built ? SCHNITZEL_COMMIT : "unbuilt",
    /** Of the commit, not the build: two builds of one commit are the same bytes. */
    commit_date: built ? SCHNITZEL_COMMIT_DATE : null,
    target: built ? SCHNITZEL_TARGET : `${process.platform}-${process.arch}`,
    bun: Bun.version,
    sqlite: process.versions.sqlite,
  };
}

export const command = defineCommand({
  flags: {
    json: flag.toggle("Print the facts as JSON."),
    licenses: flag.toggle("Print what is inside and on which terms: ffmpeg, models, packages."),
  },
  examples: [
    ["schnitzel version", "One line for a person."],
    ["schnitzel version --json", "Version, commit, target and the Bun inside, for a script."],
    ["schnitzel version --licenses", "Everything that is inside, with its licence and where its source is."],
  ],
  async run({ flags, terminal }) {
    if (flags.licenses) {
      terminal.out(await licenses());
      return EXIT.ok;
    }
    const facts = buildFacts();
    const { commit, target, bun } = facts;
    terminal.out(
      flags.json
        ? `${JSON.stringify({ schema_version: 1, ...facts })}\n`
        : `schnitzel ${version} (commit ${commit}, ${target}, bun ${bun})\n`,
    );
    return EXIT.ok;
  },
});
