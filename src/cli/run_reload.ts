import * as fs from "node:fs";
import * as path from "node:path";
import * as v from "valibot";
import { sleep, systemClock } from "../base/clock.ts";
import type { Engine, ReloadResult } from "../engine/index.ts";
import { type ChangesOptions, changesOf } from "../graph/index.ts";
import type { Log, Redactor } from "../observe/index.ts";
import type { Hups } from "./hups.ts";
import { notReloadable } from "./not_reloadable.ts";
import { contentsOf, filesRead } from "./read_contents.ts";
import type { ReloadSettings } from "./run_settings.ts";
import type { RunState } from "./run_state.ts";
import { queueFileOf } from "./state_dir.ts";
import { Watched } from "./watched.ts";
import type { WatchedRun } from "./watched_run.ts";

const askedShape = v.strictObject({
  file: v.optional(v.string()),
  /** In place of what is in the file; made of the graph of this generation. */
  text: v.optional(v.string()),
  generation: v.optional(v.number()),
  drop_state: v.optional(v.boolean(), false),
  orphan: v.optional(v.boolean(), false),
  deadline_ms: v.optional(v.pipe(v.number(), v.minValue(0))),
});

type Asked = v.InferOutput<typeof askedShape>;

/** What a reload came to, with what was found in the graph. */
export interface RunReload extends ReloadResult {
  readonly findings?: string;
}

/** Who hears of reloads. */
interface Told {
  readonly log: Log;
  readonly redactor: Redactor;
  readonly hups: Hups | undefined;
  readonly watched: WatchedRun;
}

/** How often it is looked whether the nodes are open: shorter than a person notices. */
const START_MS = 50;

/** The reloads of a run: who asks for one, and what is read and opened for it. */
export class RunReloads {
  readonly #engine: Engine;
  readonly #state: RunState | undefined;
  readonly #settings: ReloadSettings | undefined;
  readonly #told: Told;
  readonly #watched: Watched;
  #contents: ReadonlyMap<string, string>;
  /** The graph that runs, as it is written. */
  #text: string | undefined;
  #underWay: Promise<unknown> | undefined;
  /** Files were written while one was under way: another follows, for all of them. */
  #again = false;
  /** Files that the graph named when it was last read. */
  #looked: readonly string[] = [];

  constructor(engine: Engine, state: RunState | undefined, settings: ReloadSettings | undefined, told: Told) {
    this.#engine = engine;
    this.#state = state;
    this.#settings = settings;
    this.#told = told;
    this.#text = settings?.source.text;
    this.#contents = settings === undefined ? new Map() : contentsOf(engine.plan);
    this.#watched = new Watched(() => this.newest("watch"));
    if (settings === undefined) return;
    told.hups?.listen(() => this.newest("SIGHUP"));
    this.#follow();
  }

  /** A command asks. */
  asked(args: unknown): Promise<RunReload> {
    return this.#reload(v.parse(askedShape, args ?? {}), "command");
  }

  /** A command wants to change what runs; an answer without a text: it came from no file. */
  written(): { text: string | null; generation: number } {
    return { text: this.#text ?? null, generation: this.#engine.reloads.generation };
  }

  /** The files as they stand now; while one is under way, one more follows, and not one for each that asked. */
  newest(by: string) {
    this.#again = this.#underWay !== undefined;
    if (!this.#again) void this.#reload({ drop_state: false, orphan: false }, by);
  }

  close() {
    this.#told.hups?.mute();
    this.#watched.close();
  }

  async #reload(asked: Asked, by: string): Promise<RunReload> {
    if (this.#underWay !== undefined) {
      const hint = "ask again when it is done";
      return this.#tell({ outcome: "refused", reason: "another reload is under way", hint }, by);
    }
    const work = this.#carryOut(asked).catch((error: Error): Partial<RunReload> => {
      return { outcome: "rolled_back", reason: error.message };
    });
    this.#underWay = work;
    const result = this.#tell(await work, by);
    this.#underWay = undefined;
    this.#follow();
    if (this.#again) this.newest(by);
    return result;
  }

  async #carryOut({ file, text, generation, drop_state, orphan, deadline_ms }: Asked): Promise<Partial<RunReload>> {
    if (this.#settings === undefined) {
      return { outcome: "refused", reason: "the graph came from no file that could be read again" };
    }
    // Refused, the change would wait for whoever asks next.
    while (this.#engine.state === "starting") await sleep(systemClock, START_MS);
    if (generation !== undefined && generation !== this.#engine.reloads.generation) {
      return { outcome: "refused", reason: "the graph was reloaded meanwhile", hint: "give the command again" };
    }
    const { plan, findings, source, secrets, files } = await this.#settings.read({ file, text });
    this.#looked = files;
    for (const secret of secrets) this.#told.redactor.add(secret);
    if (plan === undefined) return { outcome: "refused", reason: "the graph has errors", findings };
    const servesElsewhere = this.#settings.httpFlag;
    const refusal = notReloadable(plan, { before: this.#engine.plan, state: this.#state, servesElsewhere });
    if (refusal !== undefined) return { outcome: "refused", ...refusal };
    const contents = { old: this.#contents, new: contentsOf(plan) };
    const changes = changesOf(this.#engine.plan, plan, { contents, ...this.#files });
    const options = { changes, dropState: drop_state, orphan };
    const loses = this.#engine.reloads.refusal(plan, options);
    if (loses !== undefined) return { outcome: "refused", ...loses, changes };
    const queues = await this.#state?.next(plan);
    const deadline = deadline_ms === undefined ? {} : { deadlineMs: deadline_ms };
    const durable = queues?.durable ?? {};
    const result = await this.#engine.reloads.reload(plan, {
      ...options,
      durable,
      ...deadline,
      onSwapped: () => this.#told.watched.follow(plan),
    });
    await queues?.keep(result.outcome === "reloaded");
    if (result.outcome === "reloaded") {
      this.#contents = contents.new;
      this.#text = source?.text;
    }
    return findings === "" ? result : { ...result, findings };
  }

  /** An edge that is another one goes on with the file of an old one when it names that. */
  get #files(): Pick<ChangesOptions, "fileOf"> {
    const dir = this.#state?.dir;
    return dir === undefined ? {} : { fileOf: (plan, edge) => queueFileOf(dir, plan, edge) };
  }

  /**
   * Looks at the files of the plan that runs now, and at those that the graph named when it was last read: one that was
   * refused for want of a part or a plugin is read again when that comes.
   */
  #follow() {
    if (!this.#settings?.watch) return;
    const { plan } = this.#engine;
    const files = [...plan.files, ...[...filesRead(plan).values()].flat(), ...this.#looked];
    this.#watched.follow(files, withFolders(this.#settings.pluginsDir));
  }

  #tell(given: Partial<RunReload>, by: string): RunReload {
    const { log, redactor } = this.#told;
    const { reloads } = this.#engine;
    const outcome = given.outcome ?? "refused";
    // The engine has counted what came to it.
    const counted = given.generation === undefined ? { ...given, ...reloads.note({ outcome, ...given }) } : given;
    const hidden = Object.fromEntries(
      Object.entries(counted).map(([key, value]) => [key, typeof value === "string" ? redactor.text(value) : value]),
    );
    const result: RunReload = { outcome, generation: reloads.generation, ...hidden };
    const { generation, reason, hint, pauseMs } = result;
    const level = outcome === "reloaded" || outcome === "unchanged" ? "info" : "error";
    const pause = pauseMs === undefined ? {} : { pause_ms: Math.round(pauseMs * 10) / 10 };
    log[level](`reload: ${outcome}`, {
      by,
      generation,
      ...pause,
      ...(reason && { reason }),
      ...(hint && { hint }),
    });
    const lines = result.findings?.split("\n").filter((line) => line.trim() !== "") ?? [];
    for (const line of lines) log[level === "info" ? "warn" : "error"](line);
    return result;
  }
}

/** A plugin is a file, or a folder with some. */
function withFolders(dir: string): string[] {
  if (!fs.existsSync(dir)) return [dir];
  const inside = fs.readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [dir, ...inside.map(({ name }) => path.join(dir, name))];
}
