import type { Model, TensorData } from "../../node/index.ts";

/** What Silero's model of speech (version 5) takes: windows of 512 samples at 16 kHz, and 64 of the window before. */
export const SPEECH_RATE = 16_000;
export const SPEECH_WINDOW = 512;
const CONTEXT = 64;
const STATE_DIMS = [2, 1, 128];

const RATE: TensorData = { type: "int64", dims: [], data: BigInt64Array.of(BigInt(SPEECH_RATE)) };

/** The model's memory of one sound. */
export class SpeechModel {
  readonly #model: Model;
  #state: Float32Array = new Float32Array(2 * 128);
  #context: Float32Array = new Float32Array(CONTEXT);

  constructor(model: Model) {
    this.#model = model;
  }

  /** The next samples do not follow on those before. */
  restart(): void {
    this.#state = new Float32Array(this.#state.length);
    this.#context = new Float32Array(CONTEXT);
  }

  /** How likely it is that somebody speaks in the next window, 0…1. One at a time. */
  async hear(window: Float32Array): Promise<number> {
    const data = new Float32Array(CONTEXT + SPEECH_WINDOW);
    data.set(this.#context);
    data.set(window, CONTEXT);
    this.#context = window.slice(SPEECH_WINDOW - CONTEXT);
    const outputs = await this.#model.run({
      input: { type: "float32", dims: [1, data.length], data },
      state: { type: "float32", dims: STATE_DIMS, data: this.#state },
      sr: RATE,
    });
    const [probability, state] = [outputs.get("output")?.data[0], outputs.get("stateN")?.data];
    if (!(state instanceof Float32Array) || typeof probability !== "number" || Number.isNaN(probability)) {
      throw new Error(`${this.#model.about.name} gave no probability: it is no Silero VAD of version 5`);
    }
    this.#state = state;
    return probability;
  }
}

const INPUTS = ["input", "state", "sr"];

/** Throws when a model is another one. */
export function checkSpeechModel({ inputs, about }: Model): void {
  const names = inputs.map(({ name }) => name);
  if (INPUTS.every((name) => names.includes(name))) return;
  throw new Error(
    `cannot hear speech with ${about.name}: its inputs are ${names.join(", ")}, and must be ${INPUTS.join(", ")} (Silero VAD 5); see audio_classifier for other models`,
  );
}
