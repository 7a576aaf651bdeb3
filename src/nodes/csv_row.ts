const LF = 0x0a;
const CR = 0x0d;
/** The quoted field goes on behind the text. */
export const OPEN = -1;

/** Finds the fields of one CSV record in a text, without cutting them out. One object serves all records. */
export class CsvRow {
  /** Where each field begins and ends; what stands behind `count` is of earlier records. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  count = 0;
  /** The record has a quoted field. */
  quoted = false;
  /** What is wrong with the record's quotes, or empty. */
  fault = "";
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #quoteText: string;

  /** Both are one character; an empty `quote` stands for none. */
  constructor(delimiter: string, quote: string) {
    this.#delimiter = delimiter.charCodeAt(0);
    // NaN equals no character.
    this.#quote = quote === "" ? Number.NaN : quote.charCodeAt(0);
    this.#quoteText = quote;
  }

  /** Finds the fields of one record; gives back where the next one begins, or {@link OPEN}. */
  find(text: string, start: number): number {
    const delimiter = this.#delimiter;
    const quote = this.#quote;
    const starts = this.starts;
    const ends = this.ends;
    const length = text.length;
    let count = 0;
    let from = start;
    let at = start;
    this.fault = "";
    this.quoted = false;
    for (; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code === delimiter) {
        starts[count] = from;
        ends[count++] = at;
        from = at + 1;
      } else if (code === LF) {
        break;
      } else if (code === quote) {
        if (at !== from) return this.#faulty("a quote stands inside an unquoted field");
        const close = closingQuote(text, at, this.#quoteText);
        if (close === OPEN) return OPEN;
        this.quoted = true;
        starts[count] = at + 1;
        ends[count++] = close;
        at = close + 1;
        if (text.charCodeAt(at) === CR && (at + 1 === length || text.charCodeAt(at + 1) === LF)) at += 1;
        this.count = count;
        if (at >= length || text.charCodeAt(at) === LF) return at + 1;
        if (text.charCodeAt(at) !== delimiter) return this.#faulty("text stands behind a closing quote");
        from = at + 1;
      }
    }
    starts[count] = from;
    ends[count++] = at > from && text.charCodeAt(at - 1) === CR ? at - 1 : at;
    this.count = count;
    return at + 1;
  }

  /** Text of a field of the record that {@link find} found last. */
  field(text: string, i: number): string {
    const field = text.slice(this.starts[i], this.ends[i]);
    // An unquoted field has no quotes at all, so this changes quoted ones only.
    return this.quoted ? field.replaceAll(this.#quoteText.repeat(2), this.#quoteText) : field;
  }

  #faulty(fault: string): number {
    this.fault = fault;
    return 0;
  }
}

/** Where the field that the quote at `open` begins is closed; two quotes in a row stand for one. */
function closingQuote(text: string, open: number, quote: string): number {
  let at = text.indexOf(quote, open + 1);
  while (at !== -1 && text.startsWith(quote, at + 1)) at = text.indexOf(quote, at + 2);
  return at;
}
