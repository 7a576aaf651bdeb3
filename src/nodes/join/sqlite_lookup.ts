import { type NodeContext, Unavailable } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { LookupError, LookupFile } from "../../store/index.ts";
import type { Asked } from "./lookup.ts";
import type { SqliteConfig } from "./lookup_config.ts";

/** How often the file is looked at: another one may have taken its place. */
const LOOK_MS = 1_000;

/** Asks a SQLite file of another program, which may write meanwhile or put another file in its place. */
export class SqliteLookup implements Asked {
  readonly #config: SqliteConfig;
  readonly #keyOf: (packet: StreamPacket) => string | number;
  readonly #context: NodeContext;
  readonly #path: string;
  #file: LookupFile;
  #lookedAtMs: number;

  constructor(config: SqliteConfig, keyOf: (packet: StreamPacket) => string | number, context: NodeContext) {
    this.#config = config;
    this.#keyOf = keyOf;
    this.#context = context;
    this.#path = context.files.resolve(config.path);
    this.#lookedAtMs = context.clock.monotonicMs();
    this.#file = new LookupFile(this.#path, config.query);
  }

  key(packet: StreamPacket): string {
    return JSON.stringify(this.#keyOf(packet));
  }

  ask(packet: StreamPacket): unknown {
    this.#look();
    try {
      return this.#file.get(this.#keyOf(packet));
    } catch (error) {
      if (!(error instanceof LookupError) || error.code !== "LOOKUP_BUSY") throw error;
      throw new Unavailable(error.message, { cause: error });
    }
  }

  close() {
    this.#file.close();
  }

  /** A file that is gone is read on as long as it is open. */
  #look() {
    const { clock, files, log } = this.#context;
    if (clock.monotonicMs() - this.#lookedAtMs < LOOK_MS) return;
    this.#lookedAtMs = clock.monotonicMs();
    try {
      if (files.stat(this.#path).ino === this.#file.inode) return;
      const file = new LookupFile(this.#path, this.#config.query);
      this.#file.close();
      this.#file = file;
      log.info("another database has taken the place of the one looked up in", { file: this.#config.path });
    } catch (error) {
      log.warn("keeping the database opened before: the one that is there now cannot be read", {
        error: (error as Error).message,
      });
    }
  }
}
