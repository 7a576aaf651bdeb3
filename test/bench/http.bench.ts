import * as path from "node:path";
import { BENCH, bun, median, type Row, schnitzel } from "./measure.ts";

const ROUNDS = 5;
/**
 * Why 200,000: compiling its functions takes a sink that was just started 0.3 s of a second core, once. With 20,000
 * posts, 0.7 s, that and not sending was what was measured.
 */
const POSTS = 200_000;
const CONCURRENCY = 16;

/** `http_sink` beside a loop that does nothing but `fetch`, both against one server in a process of its own. */
export async function http(): Promise<Row[]> {
  const server = Bun.spawn(bun("http_server.ts"), { stdin: "pipe", stdout: "pipe" });
  const lines = linesOf(server.stdout);
  try {
    const url = (await lines.next()).value!;
    const taken = async () => {
      server.stdin.write("?\n");
      server.stdin.flush();
      return Number((await lines.next()).value);
    };
    const rounds: { ours: number; theirs: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const ours = await sink(url);
      if ((await taken()) !== POSTS) throw new Error("not every packet was posted");
      const theirs = await loop(url);
      if ((await taken()) !== POSTS) throw new Error("not every request arrived");
      rounds.push({ ours, theirs });
    }
    return [rowOf(rounds)];
  } finally {
    server.kill();
    await server.exited;
  }
}

function rowOf(rounds: readonly { ours: number; theirs: number }[]): Row {
  const perSecond = (ms: number) => `${((POSTS / ms) * 1_000).toFixed(0)}/s`;
  const ratio = median(rounds.map(({ ours, theirs }) => theirs / ours));
  return {
    what: `http_sink, keep-alive, concurrency ${CONCURRENCY}, default delivery policy`,
    figure: perSecond(median(rounds.map(({ ours }) => ours))),
    beside: `a bare fetch loop, ${perSecond(median(rounds.map(({ theirs }) => theirs)))}`,
    ratio,
    reach: "≥ 0.7",
    ok: ratio >= 0.7,
    command: "schnitzel run graphs/http_sink.yaml",
  };
}

/** Milliseconds of the run itself, as the loop's are. */
async function sink(url: string): Promise<number> {
  const flags = ["--set", `vars.url=${url}`, "--report-json", "--log-level", "error"];
  const text = await output(schnitzel("run", path.join("graphs", "http_sink.yaml"), ...flags));
  return JSON.parse(text.trim().split("\n").at(-1)!).duration_ms;
}

const loop = async (url: string) =>
  JSON.parse(await output(bun("fetch_loop.ts", String(POSTS), String(CONCURRENCY), url))).ms as number;

async function output(command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { cwd: BENCH, stderr: "pipe" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0)
    throw new Error(`${command.join(" ")} failed: ${await new Response(child.stderr).text()}`);
  return text;
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  return rest;
}
