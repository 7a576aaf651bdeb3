/** What happened, in order: hashed always, kept when somebody wants to read it. */
export class Trace {
  readonly lines: string[] | undefined;
  #hash = 0;
  #count = 0;

  constructor(keep: boolean) {
    this.lines = keep ? [] : undefined;
  }

  add(nowMs: number, what: string) {
    this.#count += 1;
    this.#hash = Bun.hash.crc32(`${nowMs} ${what}`, this.#hash);
    this.lines?.push(`${(nowMs / 1_000).toFixed(3).padStart(10)} ${what}`);
  }

  /** Two runs of a seed that did the same have the same. */
  get hash(): string {
    return `${this.#count}:${this.#hash.toString(16).padStart(8, "0")}`;
  }
}
