/** More bytes are needed than are here; the read is tried again once they have come. */
export class Short extends Error {}

/** Reads the numbers of a NUT file out of bytes. Every read throws {@link Short} at the end of the bytes. */
export class NutCursor {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  byte(): number {
    if (this.at >= this.#bytes.length) throw new Short();
    return this.#bytes[this.at++]!;
  }

  /** A whole number in groups of seven bits. Exact up to 2^53, which is 3,000 years of a 90 kHz clock. */
  number(): number {
    let value = 0;
    // Eight groups hold 2^56; a longer number is damage.
    for (let groups = 0; groups < 8; groups++) {
      const byte = this.byte();
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    throw new Error("a number is longer than 8 bytes");
  }

  /** A number of a table that is not looked at further, of any size. */
  skipNumber(): void {
    // A NUT number has 64 bits, so ten groups.
    for (let groups = 0; groups < 10; groups++) if (this.byte() < 0x80) return;
    throw new Error("a number is longer than 10 bytes");
  }

  signed(): number {
    const value = this.number() + 1;
    return value % 2 === 1 ? -(value - 1) / 2 : value / 2;
  }

  /** Big-endian; as a text of hex digits, because start codes have 64 bits. */
  hex(bytes: number): string {
    return Buffer.from(this.take(bytes)).toString("hex");
  }

  /** A length and so many bytes. */
  block(): Uint8Array {
    return this.take(this.number());
  }

  text(): string {
    return Buffer.from(this.block()).toString("latin1");
  }

  take(bytes: number): Uint8Array {
    if (this.at + bytes > this.#bytes.length) throw new Short();
    this.at += bytes;
    return this.#bytes.subarray(this.at - bytes, this.at);
  }
}
