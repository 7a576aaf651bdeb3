import { describe, expect, test } from "bun:test";
import { cli, folderWith } from "../support/cli.ts";

const graph = (nodes: string, edges = "[{ from: in, to: out }]") => `version: 2\nnodes:\n${nodes}\nedges: ${edges}\n`;
const SOURCE = "  - { id: in, plugin: http_source, config: { listen: 127.0.0.1:8080 } }\n";
const SINK = "  - { id: out, plugin: http_sink, config: { url: http://127.0.0.1:9/ } }\n";
const from = (config: string) => `  - { id: in, plugin: http_source, config: { listen: 127.0.0.1:8080, ${config} } }\n`;

/** What a graph that cannot be drilled is told; nothing of it is started. */
async function refusal(text: string) {
  using folder = folderWith({ "graph.yaml": text });
  const { code, stderr } = await cli(["drill", "graph.yaml"], { cwd: folder.folder });
  expect(code).toBe(2);
  return stderr;
}

describe("schnitzel drill refuses", () => {
  test.each([
    [
      "a graph without an HTTP source",
      graph(`  - { id: in, plugin: generate_source }\n${SINK}`),
      "as it has no http_source",
    ],
    [
      "a graph with two HTTP sinks",
      graph(`${SOURCE}${SINK}${SINK.replace("out", "too")}`, "[{ from: in, to: out }, { from: in, to: too }]"),
      "as it has 2 nodes http_sink: out, too",
    ],
    ["a source with TLS", graph(from('tls: { cert: "x", key: "y" }') + SINK), "in takes HTTPS"],
    ["a source of whole packets", graph(from("body: packet") + SINK), "config.body: payload"],
    ["a source without POST", graph(from("methods: [PUT]") + SINK), "add it to config.methods"],
    ["a source without JSON", graph(from("accept: [text]") + SINK), "add it to config.accept"],
    [
      "a sink that sends batches",
      graph(`${SOURCE}${SINK.replace("9/", "9/, batch: { max_packets: 1 }")}`),
      "out sends batches",
    ],
  ])("%s", async (_, text, words) => {
    expect(await refusal(text)).toContain(words);
  });

  test("a graph with errors, and shows them", async () => {
    expect(await refusal(graph(SOURCE + SINK.replace("http_sink", "htp_sink")))).toContain("did you mean http_sink");
  });

  test("to be started by a graph that is drilled", async () => {
    const { code, stderr } = await cli(["drill", "--demo"], { env: { SCHNITZEL_DRILL: "1" } });
    expect(code).toBe(2);
    expect(stderr).toContain("a drill does not start another one");
  });

  test("a report that it could not write, before it starts anything", async () => {
    const { code, stderr } = await cli(["drill", "--demo", "--html", "/nope/x.html"]);
    expect(code).toBe(2);
    expect(stderr).toContain("cannot write --html /nope/x.html: ENOENT");
  });

  test.each([
    [[], "needs a graph file or --demo"],
    [["x.yaml", "--demo"], "and not both"],
    [["--demo", "--faults", "kill,meteor"], 'has "meteor"'],
    [["--demo", "--kills", "0"], "--kills must be a whole number of at least 1"],
  ] as const)("%p", async (args, words) => {
    const { code, stderr } = await cli(["drill", ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});
