/**
 * `bun run sim --seeds 3000 [--from 1]` runs seeds in two processes; `bun run sim --seed 53 --trace` runs one and shows
 * what happened. Exit code 1 when an invariant was broken.
 */
import { parseArgs } from "node:util";
import { simulate } from "./seed.ts";
import { type Red, runSeeds, type Summary } from "./seeds.ts";
import { SEASONS } from "./weather.ts";

/** Two cores is what every machine of ours has. */
const JOBS = 2;
/** Red seeds shown with everything they decided. */
const MAX_TOLD = 3;
/** More tell nothing new. */
const MAX_RED = 10;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    /** One kind of fault in every seed. */
    season: { type: "string" },
    /** Stops at the first red seed. */
    "until-red": { type: "boolean", default: false },
    /** As one of several processes: every so many-th seed. */
    step: { type: "string" },
  },
});

function whole(name: "seeds" | "from" | "seed" | "step"): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`bun run sim: --${name} must be a whole number from 0 on: ${values[name]}`);
  process.exit(2);
}

const season = SEASONS.find((name) => name === values.season);
if (values.season !== undefined && season === undefined) {
  console.error(`bun run sim: --season must be one of ${SEASONS.join(", ")}: ${values.season}`);
  process.exit(2);
}

process.on("unhandledRejection", (error) => {
  console.error("a rejection that nobody heard:", error);
  process.exit(1);
});

if (values.seed !== undefined) process.exit(showOne(whole("seed")));
else if (values.step !== undefined) console.log(JSON.stringify(await share(whole("from"), whole("step"))));
else process.exit(await runAll());

function showOne(seed: number): number {
  const { violations, hash, lives, lines, decided } = simulate(seed, { keepTrace: values.trace, season });
  if (values.trace) console.log([decided(), ...lines!].join("\n"));
  console.log(violations.length === 0 ? `seed ${seed}: green, ${lives} lives, trace ${hash}` : "");
  if (violations.length > 0) tell({ seed, violations, decided: decided() });
  return violations.length === 0 ? 0 : 1;
}

function share(from: number, step: number): Promise<Summary> {
  return runSeeds({ from, step, season, count: whole("seeds"), maxRed: values["until-red"] ? 1 : MAX_RED });
}

async function runAll(): Promise<number> {
  const startedMs = performance.now();
  const [seeds, from] = [whole("seeds"), whole("from")];
  const shares = await Promise.all(
    Array.from({ length: JOBS }, (_, job) => inChild(from + job, Math.ceil((seeds - job) / JOBS))),
  );
  const red = shares.flatMap((one) => one.red).sort((a, b) => a.seed - b.seed);
  const sum = (count: (share: Summary) => number) => shares.reduce((all, one) => all + count(one), 0);
  const total = { seeds: sum((one) => one.seeds), lives: sum((one) => one.lives) };
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
  if (values.json) console.log(JSON.stringify({ ...total, seconds, red }));
  else {
    for (const one of red.slice(0, MAX_TOLD)) tell(one);
    if (red.length > MAX_TOLD)
      console.log(
        `more: ${red
          .slice(MAX_TOLD)
          .map(({ seed }) => seed)
          .join(" ")}`,
      );
    console.log(`${total.seeds} seeds, ${total.lives} lives of a program, ${seconds} s: ${red.length} red`);
  }
  return red.length === 0 ? 0 : 1;
}

async function inChild(from: number, seeds: number): Promise<Summary> {
  const flags = ["--from", `${from}`, "--seeds", `${seeds}`, "--step", `${JOBS}`];
  if (values["until-red"]) flags.push("--until-red");
  if (season !== undefined) flags.push("--season", season);
  const command = [process.execPath, import.meta.path, ...flags];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`the seeds from ${from} on ended with ${child.exitCode}`);
  return JSON.parse(text);
}

function tell({ seed, violations, decided }: Red) {
  const commit = Bun.spawnSync(["git", "rev-parse", "--short", "HEAD"]).stdout.toString().trim() || "unknown";
  console.log(`seed ${seed} is red at commit ${commit}\n  ${violations.join("\n  ")}`);
  if (!values.trace) console.log(`  decided: ${decided.replaceAll(/\s+/g, " ")}`);
  console.log(`  replay: bun run sim --seed ${seed}${season === undefined ? "" : ` --season ${season}`} --trace`);
}
