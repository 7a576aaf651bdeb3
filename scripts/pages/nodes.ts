import { builtInNodes, type Listed } from "../../src/cli/node_catalogue.ts";
import { firstSentence, nodePage } from "../../src/cli/node_page.ts";

const DOMAINS: Readonly<Record<string, string>> = {
  dev: "For trying out and measuring",
  io: "In and out",
  flow: "The course of a stream",
  join: "Bringing streams and tables together",
  state: "What remembers",
  durable: "What outlives the process",
  vision: "Cameras",
  robotics: "Robots",
};

/** A page per built-in node, and their list. */
export async function nodePages(): Promise<Record<string, string>> {
  const nodes = await builtInNodes();
  const pages = nodes.map(({ address, definition }) => [
    `docs/nodes/${definition.name}.md`,
    nodePage(address, definition),
  ]);
  return { ...Object.fromEntries(pages), "docs/nodes/README.md": listPage(nodes) };
}

function listPage(nodes: readonly Listed[]): string {
  const domains = [...new Set(nodes.map(({ domain }) => domain))].map((domain) => {
    const rows = nodes
      .filter((node) => node.domain === domain)
      .map(({ definition: { name, kind, doc } }) => `| [\`${name}\`](${name}.md) | ${kind} | ${firstSentence(doc)} |`);
    return [
      `## ${DOMAINS[domain] ?? domain} (\`${domain}\`)`,
      "",
      "| node | kind | what it does |",
      "| --- | --- | --- |",
      ...rows,
    ].join("\n");
  });
  return `${["# Nodes", "`schnitzel nodes` lists them, `schnitzel nodes NAME` prints a page.", ...domains].join("\n\n")}\n`;
}
