import type { Model } from "../../node/index.ts";
import type { Audio } from "../../packet/index.ts";
import type { AudioClassifierConfig } from "./audio_classifier.ts";
import { type ClassScore, classScores } from "./class_scores.ts";
import { Continuity } from "./continuity.ts";
import { ModelStage, type Row } from "./model_stage.ts";
import { type Turn, Turns } from "./turns.ts";
import { Windows } from "./windows.ts";

/** A class that began or ended. */
export interface ClassTurn extends Turn {
  readonly sound: string;
  /** Samples are missing, so that nobody knows. */
  readonly cut?: true;
}

/** What a model heard in one window, the likeliest first. */
export interface Hearing {
  readonly sampleIdx: number;
  readonly classes: readonly ClassScore[];
  readonly turns: readonly ClassTurn[];
}

/** Follows the classes of one source. */
export class ClassListener {
  readonly #config: AudioClassifierConfig;
  readonly #names: readonly string[];
  readonly #continuity = new Continuity();
  readonly #windows: Windows;
  readonly #stages: readonly ModelStage[];
  readonly #turns = new Map<string, Turns>();
  /** Behind what was heard last. */
  #toIdx = 0;

  constructor(config: AudioClassifierConfig, models: readonly Model[]) {
    const { stages, class_names } = config;
    this.#config = config;
    this.#names = class_names ?? models.at(-1)!.classes;
    this.#windows = new Windows(stages[0]!.window, stages[0]!.hop);
    this.#stages = stages.map((stage, at) => new ModelStage(stage, models[at]!));
  }

  /** What was going on when samples went missing before this block; undefined when none are. Call it first. */
  take(audio: Audio): ClassTurn[] | undefined {
    const lastIdx = this.#continuity.next;
    if (this.#continuity.take(audio) === "on") return undefined;
    const cut = [...this.#turns].flatMap(([sound, turns]): ClassTurn[] =>
      turns.started ? [{ sound, state: "end", sampleIdx: lastIdx, confidence: turns.confidence, cut: true }] : [],
    );
    this.#windows.clear();
    for (const stage of this.#stages) stage.clear();
    this.#turns.clear();
    this.#toIdx = audio.sample_idx;
    return cut;
  }

  /** What the models make of a block and those before. One call at a time. */
  async hear(audio: Audio): Promise<Hearing[]> {
    const [first, ...further] = this.#stages;
    const hearings: Hearing[] = [];
    for (const { samples, sampleIdx } of this.#windows.push(audio)) {
      let rows = await first!.run({ values: samples, fromIdx: sampleIdx, toIdx: sampleIdx + samples.length });
      for (const stage of further) rows = await stage.push(rows);
      for (const row of rows) hearings.push(this.#hearing(row));
    }
    return hearings;
  }

  #hearing({ values, fromIdx, toIdx }: Row): Hearing {
    const { activation, sounds } = this.#config;
    const scores = classScores(values, activation, this.#names);
    // Windows overlap; only what is new counts.
    const newIdx = Math.max(fromIdx, this.#toIdx);
    this.#toIdx = Math.max(toIdx, newIdx);
    const wanted = sounds === undefined ? scores : scores.filter(({ class_name }) => sounds.includes(class_name));
    const turns = wanted.flatMap(({ class_name, confidence }): ClassTurn[] => {
      const turn = this.#turnsOf(class_name).take(confidence, newIdx, this.#toIdx);
      return turn === undefined ? [] : [{ sound: class_name, ...turn }];
    });
    const classes = scores.toSorted((a, b) => b.confidence - a.confidence || a.class_id - b.class_id);
    return { sampleIdx: fromIdx, classes, turns };
  }

  #turnsOf(name: string): Turns {
    const known = this.#turns.get(name);
    if (known !== undefined) return known;
    const { threshold, end_threshold, min_ms, min_pause_ms, sample_rate } = this.#config;
    const samples = (time: number) => Math.round((time * sample_rate) / 1_000);
    const made = new Turns({
      ...{ threshold, endThreshold: end_threshold ?? threshold },
      ...{ minLength: samples(min_ms), minPause: samples(min_pause_ms), padding: 0 },
    });
    this.#turns.set(name, made);
    return made;
  }
}
