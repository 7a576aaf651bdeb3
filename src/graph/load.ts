import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isScalar,
  isSeq,
  Lexer,
  type ParsedNode,
  Parser,
  type YAMLMap,
} from "yaml";
import type { DiagnosticCode } from "./diagnostic.ts";
import type { Findings } from "./findings.ts";
import type { SourceText } from "./source_text.ts";
import { syntaxFault, tellingErrors } from "./syntax_fault.ts";
import { placeOf, type ScalarTree, type Spot, type Tree } from "./tree.ts";

/** For `edit/`, which changes a document and keeps its comments; what it makes is read by {@link loadTree}. */
export { type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";

/** Why 32: a graph nests about six deep, and 100,000 brackets would cost the parser 350 MB. */
export const MAX_DEPTH = 32;
/** Why 20: no known graph uses more than two, and few aliases cannot grow into a bomb. */
export const MAX_ALIASES = 20;
/** Why 100,000: as many values as fit into a file of the largest size, once more. */
export const MAX_EXPANDED_VALUES = 100_000;
/** Why 20: after that many the parser is guessing, and the rest is noise. */
const MAX_SYNTAX_ERRORS = 20;

const CORE_TAGS = new Set(["map", "seq", "str", "int", "float", "bool", "null"].map((t) => `tag:yaml.org,2002:${t}`));
const STRING_TAG = "tag:yaml.org,2002:str";

class TooDeep extends Error {
  readonly offset: number;
  constructor(offset: number) {
    super();
    this.offset = offset;
  }
}

/**
 * Parses YAML 1.2 (JSON is part of it) into a tree that knows the place of every key and value.
 * Scalars stay text: what they mean depends on the dialect, which is decided later.
 *
 * Returns undefined when something is wrong; the reasons are in `findings` then.
 */
export function loadTree(source: SourceText, findings: Findings): Tree | undefined {
  const refuse = (code: DiagnosticCode, start: number, end: number, message: string, hint?: string) =>
    findings.add({
      code,
      severity: "error",
      message,
      place: source.place(start, end),
      ...(hint === undefined ? {} : { hint }),
    });
  let documents: Document.Parsed[];
  try {
    documents = compose(source.text);
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    refuse("TOO_DEEP", error.offset, error.offset + 1, `Cannot read the file as values nest deeper than ${MAX_DEPTH}`);
    return undefined;
  }
  const errors = documents.flatMap((document) => document.errors);
  for (const error of tellingErrors(errors.slice(0, MAX_SYNTAX_ERRORS))) {
    const { code, message, hint } = syntaxFault(error, source.text);
    refuse(code, error.pos[0], error.pos[1], message, hint);
  }
  if (documents.length > 1) {
    const start = documents[1]!.range[0];
    refuse(
      "MULTIPLE_DOCUMENTS",
      start,
      start,
      `Cannot read the file as it holds ${documents.length} YAML documents: a graph file holds one`,
      "put each graph into a file of its own; a line of --- starts a new document",
    );
  }
  if (errors.length > 0 || documents.length > 1) return undefined;
  if (documents.length === 0) return { type: "scalar", source, start: 0, end: 0, text: "", quoted: false };
  return new Converter(source, refuse).convert(documents[0]!);
}

type Refuse = (code: DiagnosticCode, start: number, end: number, message: string, hint?: string) => void;

/** Runs lexer, parser and composer by hand, to stop at the first token that nests too deep. */
function compose(text: string): Document.Parsed[] {
  const parser = new Parser();
  const composer = new Composer({ schema: "failsafe", uniqueKeys: false, strict: true, prettyErrors: false });
  const documents: Document.Parsed[] = [];
  let odd = 0;
  const take = (tokens: Iterable<CST.Token>) => {
    for (const token of tokens) {
      if (token.type === "error" || token.type === "directive") odd += 1;
      for (const document of composer.next(token)) documents.push(document);
    }
  };
  for (const lexeme of new Lexer().lex(text)) {
    take(parser.next(lexeme));
    if (depthOf(parser.stack) > MAX_DEPTH) throw new TooDeep(parser.offset - lexeme.length);
    // Half a million errors would take the composer seconds; what comes behind the first ones changes nothing.
    if (odd > MAX_SYNTAX_ERRORS || documents.length > 1) break;
  }
  take(parser.end());
  // Faults outside of any document need one to be listed in.
  for (const document of composer.end(odd > 0 && documents.length === 0, text.length)) documents.push(document);
  return documents;
}

/** The stack holds the document, every open collection and perhaps the scalar being read. */
function depthOf(stack: Parser["stack"]): number {
  return stack.length - (stack.length > MAX_DEPTH && "items" in stack.at(-1)! ? 1 : 2);
}

class Converter {
  readonly #source: SourceText;
  readonly #refuse: Refuse;
  readonly #anchors = new Map<string, ParsedNode>();
  readonly #open = new Set<ParsedNode>();
  #aliases = 0;
  #expanding = 0;
  #expanded = 0;
  #failed = false;

  constructor(source: SourceText, refuse: Refuse) {
    this.#source = source;
    this.#refuse = (...args) => {
      this.#failed = true;
      refuse(...args);
    };
  }

  convert(document: Document.Parsed): Tree | undefined {
    const tree = this.#tree(document.contents, this.#source.text.length);
    return this.#failed ? undefined : tree;
  }

  #spot(node: ParsedNode): Spot {
    return { source: this.#source, start: node.range[0], end: node.range[1] };
  }

  #tree(node: ParsedNode | null, emptyAt: number): Tree {
    if (node === null) return this.#scalar({ source: this.#source, start: emptyAt, end: emptyAt }, "", false);
    if (this.#expanding > 0) this.#expanded += 1;
    if (isAlias(node)) return this.#alias(node as Alias.Parsed);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (node.tag !== undefined && !CORE_TAGS.has(node.tag)) this.#refuseTag(node);
    if (isScalar(node)) {
      const quoted = node.type !== "PLAIN" || node.tag === STRING_TAG;
      return this.#scalar(this.#spot(node), String(node.value ?? ""), quoted);
    }
    // An alias to an enclosing collection would go on for ever.
    this.#open.add(node);
    const tree: Tree = isSeq(node)
      ? {
          type: "list",
          ...this.#spot(node),
          items: (node.items as ParsedNode[]).map((item) => this.#tree(item, node.range[1])),
        }
      : { type: "map", ...this.#spot(node), entries: this.#entries(node as YAMLMap.Parsed) };
    this.#open.delete(node);
    return tree;
  }

  #scalar(spot: Spot, text: string, quoted: boolean): ScalarTree {
    return { type: "scalar", source: spot.source, start: spot.start, end: spot.end, text, quoted };
  }

  #entries(map: YAMLMap.Parsed) {
    const entries = new Map<string, { key: Spot; value: Tree }>();
    for (const { key, value } of map.items) {
      if (!isScalar(key)) {
        const at = key ?? map;
        this.#refuse("BAD_KEY", at.range[0], at.range[1], "Cannot read the file as a key is not a single word or text");
        continue;
      }
      const name = String(key.value ?? "");
      if (this.#keyAllowed(name, key, entries)) {
        entries.set(name, { key: this.#spot(key), value: this.#tree(value, key.range[1]) });
      }
    }
    return entries;
  }

  #keyAllowed(name: string, key: ParsedNode, entries: Map<string, { key: Spot }>): boolean {
    const [start, end] = key.range;
    const first = entries.get(name);
    if (first) {
      const { line } = placeOf(first.key);
      const message = `Cannot read the file as key "${name}" stands twice in one map: first on line ${line}`;
      this.#refuse("DUPLICATE_KEY", start, end, message, "keep one of them");
    } else if (name === "__proto__") {
      this.#refuse("BAD_KEY", start, end, 'Cannot read the file as "__proto__" is not allowed as a key');
    } else if (name === "<<") {
      const hint = "write the keys out; an alias (*name) for a whole value does work";
      this.#refuse("MERGE_KEY", start, end, 'Cannot read the file as merge keys ("<<") are not supported', hint);
    } else return true;
    return false;
  }

  #refuseTag(node: ParsedNode) {
    const hint = "remove the tag; quotes make a string, everything else is read by its looks";
    const message = `Cannot read the file as it uses the tag ${node.tag}: only the core YAML tags are allowed`;
    this.#refuse("UNSUPPORTED_TAG", node.range[0], node.range[1], message, hint);
  }

  #alias(alias: Alias.Parsed): Tree {
    const spot = this.#spot(alias);
    const nothing = this.#scalar(spot, "", false);
    const refuse = (code: DiagnosticCode, message: string) => {
      if (!this.#failed) this.#refuse(code, spot.start, spot.end, message);
      return nothing;
    };
    if (this.#expanding === 0 && ++this.#aliases > MAX_ALIASES) {
      return refuse("TOO_MANY_ALIASES", `Cannot read the file as it uses more than ${MAX_ALIASES} aliases`);
    }
    const target = this.#anchors.get(alias.source);
    if (!target) return refuse("YAML_SYNTAX", `Cannot read the file as alias *${alias.source} has no anchor before it`);
    if (this.#open.has(target))
      return refuse("YAML_SYNTAX", `Cannot read the file as *${alias.source} contains itself`);
    if (this.#expanded > MAX_EXPANDED_VALUES) {
      return refuse(
        "EXPANSION_TOO_LARGE",
        `Cannot read the file as aliases grow it beyond ${MAX_EXPANDED_VALUES} values`,
      );
    }
    this.#expanding += 1;
    const tree = this.#tree(target, spot.start);
    this.#expanding -= 1;
    return tree;
  }
}
