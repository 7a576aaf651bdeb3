import { systemClock } from "../base/clock.ts";
import { startWatchdog, type Watchdog } from "../engine/index.ts";
import type { GraphPlan } from "../graph/index.ts";
import type { RunSettings } from "./run_settings.ts";
import { stalledReport } from "./stalled_report.ts";

/** A short run pays for no second thread. */
const LATER_MS = 100;

/** The watch over a run: it knows the nodes of the graph that runs now. */
export class WatchedRun {
  readonly #settings: RunSettings;
  readonly #heart: Int32Array;
  #plan: GraphPlan;
  #watchdog: Watchdog | undefined;
  #cancel = () => {};

  constructor(plan: GraphPlan, settings: RunSettings, heart: Int32Array) {
    this.#plan = plan;
    this.#settings = settings;
    this.#heart = heart;
  }

  /** At once when a plugin runs. */
  start() {
    if (hasPlugins(this.#plan)) this.#begin();
    else this.#cancel = systemClock.setTimer(() => this.#begin(), LATER_MS);
  }

  /** Another graph takes the place of the one that runs. */
  follow(plan: GraphPlan) {
    this.#plan = plan;
    this.#watchdog?.follow(this.#graph);
    if (this.#watchdog === undefined && hasPlugins(plan)) this.#begin();
  }

  stop() {
    this.#cancel();
    this.#watchdog?.stop();
  }

  get #graph() {
    return { nodes: this.#plan.nodes.map(({ id }) => id), report: stalledReport(this.#plan) };
  }

  #begin() {
    this.#cancel();
    const { stallSeconds: exitSec, reportJson, reportFile } = this.#settings;
    const reportTo = [...(reportJson ? [1 as const] : []), ...(reportFile === undefined ? [] : [reportFile])];
    this.#watchdog = startWatchdog({ clock: systemClock, heart: this.#heart, ...this.#graph, exitSec, reportTo });
  }
}

const hasPlugins = ({ nodes }: GraphPlan) => nodes.some(({ origin }) => origin !== "built_in");
