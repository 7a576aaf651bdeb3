/** Flags of the predecessor's only command, and the ones that stand for them today. */
const RENAMED: Readonly<Record<string, string>> = { "--max-events": "--max-packets" };
const OLD = ["--graph", "--validate-only", "--report-json", ...Object.keys(RENAMED)];

/**
 * Rewrites the predecessor's flag style: `--graph P --report-json` is `run P --report-json`, and
 * `validate --graph P` or `--graph P --validate-only` is `validate P`. Other arguments stay as they are.
 */
export function modernArguments(argv: readonly string[]): readonly string[] {
  const named = argv[0] === "validate" || argv[0] === "run";
  const words = (named ? argv.slice(1) : argv).flatMap(splitValue);
  const isOld = named ? words.includes("--graph") : OLD.includes(words[0] ?? "");
  if (!isOld) return argv;
  const validates = argv[0] === "validate" || words.includes("--validate-only");
  const kept = words.filter((word) => word !== "--validate-only" && word !== "--graph");
  // The predecessor said how many packets it had run; a check alone has findings to report.
  const dropped = validates ? "--report-json" : undefined;
  const modern = kept.map((word, at) =>
    word === dropped ? "--json" : kept[at - 1] === "--max-events" ? notNegative(word) : (RENAMED[word] ?? word),
  );
  return [validates ? "validate" : "run", ...(validates ? withoutLimit(modern) : modern)];
}

const splitValue = (word: string) => {
  const equals = word.indexOf("=");
  return OLD.includes(word.slice(0, equals)) ? [word.slice(0, equals), word.slice(equals + 1)] : [word];
};

/** A limit below zero let nothing through, as zero does. */
const notNegative = (limit: string) => (/^-\d+$/.test(limit) ? "0" : limit);

/** The predecessor took a limit with `--validate-only` and had no use for it. */
function withoutLimit(words: readonly string[]): string[] {
  const at = words.indexOf("--max-packets");
  return at === -1 ? [...words] : words.filter((_, index) => index !== at && index !== at + 1);
}
