import { systemClock } from "../base/clock.ts";
import type { GraphPlan } from "../graph/index.ts";
import type { LiveViews } from "../http/index.ts";
import { diskFiles } from "../node/index.ts";
import { type Log, type Redactor, type RunSnapshot, runReport } from "../observe/index.ts";
import type { RunSettings } from "./run_settings.ts";

interface Served {
  stop(): Promise<void>;
}

const listenOf = (settings: RunSettings, plan: GraphPlan) => settings.http ?? plan.http?.listen;

/** Where nodes show their pictures; undefined when nobody could look, as no server is asked for. */
export async function openViews(settings: RunSettings, plan: GraphPlan): Promise<LiveViews | undefined> {
  if (listenOf(settings, plan) === undefined) return undefined;
  return new (await import("../http/index.ts")).LiveViews();
}

/** Starts the HTTP server when the command or the graph asks for it; undefined when it could not start. */
export async function serveRun(
  settings: RunSettings,
  plan: GraphPlan,
  run: { snapshot(): RunSnapshot; reload?: (() => Promise<{ outcome: string }>) | undefined },
  redactor: Redactor,
  log: Log,
  views: LiveViews | undefined,
): Promise<Served | undefined> {
  const listen = listenOf(settings, plan);
  if (listen === undefined) return { stop: async () => {} };
  // Loaded only here: a run without a server starts 10 ms faster.
  const { HttpError, parseListen, readTokenFile, serveHttp } = await import("../http/index.ts");
  try {
    const token =
      settings.httpTokenFile === undefined
        ? undefined
        : readTokenFile(settings.httpTokenFile, diskFiles({ base: "." }));
    if (token !== undefined) redactor.add(token);
    const served = await serveHttp({
      listen: parseListen(listen),
      insecure: settings.httpInsecure,
      ...(token === undefined ? {} : { token }),
      ...(views === undefined ? {} : { views }),
      clock: systemClock,
      snapshot: () => run.snapshot(),
      report: () => runReport(run.snapshot(), systemClock.nowMs(), redactor),
      resources,
      reload: run.reload,
      onError: (error, path) => log.error("http route failed", { path, error: error.message }),
    });
    const live = showsPictures(plan) ? { live: `${served.url}/live` } : {};
    log.info("http server listens", { url: served.url, ...live });
    return served;
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    process.stderr.write(`${error.code}: ${redactor.text(error.message)}\n  hint: ${error.hint}\n`);
    return undefined;
  }
}

/** The address of the pictures is told only to those who have some. */
const showsPictures = ({ nodes }: GraphPlan) => nodes.some(({ definition }) => definition.name === "live_view");

function resources() {
  const { user, system } = process.cpuUsage();
  return { rssBytes: process.memoryUsage.rss(), cpuSec: (user + system) / 1_000_000 };
}
