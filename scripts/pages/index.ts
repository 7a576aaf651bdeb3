import { metricsPage } from "../../src/observe/index.ts";
import { cliPage } from "./cli.ts";
import { deliveryMetrics } from "./delivery.ts";
import { errorsPage } from "./errors.ts";
import { eventTimeMetrics } from "./event_time.ts";
import { nodePages } from "./nodes.ts";

/** Every generated page: text by path from the project's root. Depends on the sources alone. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  const pages = {
    ...(await nodePages()),
    "docs/errors.md": errorsPage(),
    "docs/metrics.md": metricsPage() + deliveryMetrics() + eventTimeMetrics(),
    "docs/cli.md": await cliPage(),
  };
  return new Map(Object.entries(pages).map(([file, text]) => [file, marked(text)]));
}

/** Behind the title, where a person who wants to change the page sees it and a reader does not. */
function marked(text: string): string {
  const end = text.indexOf("\n") + 1;
  return `${text.slice(0, end)}\n<!-- Written by \`bun run docs\` from the sources; change those. -->\n${text.slice(end)}`;
}
