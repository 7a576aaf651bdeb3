import type { OnEvent } from "./guards.ts";

/** States of a file that a person should know: told when they begin and when they end, not in between. */
export class Alarms {
  readonly #file: string;
  readonly #what: string;
  readonly #onEvent: OnEvent;
  readonly #on = new Set<string>();

  constructor(file: string, onEvent: OnEvent, what = "queue") {
    this.#file = file;
    this.#what = what;
    this.#onEvent = onEvent;
  }

  has(alarm: string): boolean {
    return this.#on.has(alarm);
  }

  begin(alarm: string, level: "warn" | "error", message: string, fields: Readonly<Record<string, unknown>> = {}) {
    if (this.#on.has(alarm)) return;
    this.#on.add(alarm);
    this.#onEvent(level, `${this.#what} ${this.#file}: ${message}`, { file: this.#file, alarm, ...fields });
  }

  end(alarm: string, message: string) {
    if (!this.#on.delete(alarm)) return;
    this.#onEvent("info", `${this.#what} ${this.#file}: ${message}`, { file: this.#file, alarm });
  }

  /** Something that happened once. */
  tell(level: "info" | "warn" | "error", message: string, fields: Readonly<Record<string, unknown>> = {}) {
    this.#onEvent(level, `${this.#what} ${this.#file}: ${message}`, { file: this.#file, ...fields });
  }
}
