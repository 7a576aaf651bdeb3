import { escaped, ratePlot } from "./plot.ts";
import { type DrillResult, type FaultResult, failuresIn, isBroken, isCounted, type Outcome } from "./result.ts";
import { COLUMNS, percent, spread } from "./text.ts";

/** The report as one page that needs nothing else: no script, no font, no picture from elsewhere. */
export function drillHtml(result: DrillResult, about: { version: string; machine: string; command: string }): string {
  const failures = failuresIn(result);
  const verdict = failures.length === 0 ? "Nothing acknowledged was lost." : failures.join(" · ");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>schnitzel drill: ${escaped(result.graph)}</title><style>${STYLE}</style></head><body>
<h1>Drill of ${escaped(result.graph)}</h1>
<p class="${failures.length === 0 ? "good" : "bad"}">${escaped(verdict)}</p>
<p>${escaped(result.startedAt)} · ${Math.round(result.seconds)} s · schnitzel ${escaped(about.version)} · ${escaped(about.machine)}<br>
<code>${escaped(about.command)}</code></p>
${table(result.faults)}
${result.faults.map((outcome) => (isCounted(outcome) ? section(outcome) : shortSection(outcome))).join("\n")}
<h2>How to read it</h2>
<p>Acknowledged and delivered packets are counted by the drill, which is outside the graph and suffers no fault.
Lost are packets that were acknowledged and are neither delivered, nor in a queue, nor a dead letter. "At most" is the
share that may be lost with 95 % certainty after so many tries: 3/n without a loss. A duplicate is a second delivery
with the same idempotency key. First delivery counts from the end of the cause (the process was started again, the
backend is back); recovery from the fault itself, or from the end of an outage, until packets are taken and delivered.</p>
</body></html>
`;
}

function table(faults: DrillResult["faults"]): string {
  const head = COLUMNS.map(([name]) => `<th>${name}</th>`).join("");
  const rows = faults.map((outcome) =>
    isCounted(outcome)
      ? `<tr>${COLUMNS.map(([, cell]) => `<td>${escaped(cell(outcome))}</td>`).join("")}</tr>`
      : `<tr><td>${outcome.fault}</td><td colspan="${COLUMNS.length - 1}">${escaped(why(outcome))}</td></tr>`,
  );
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`;
}

const shortSection = (outcome: Exclude<Outcome, FaultResult>) =>
  `<h2>${outcome.fault}</h2><p>${escaped(outcome.what)}</p><p>${escaped(why(outcome))}</p>`;

const why = (outcome: Exclude<Outcome, FaultResult>) =>
  isBroken(outcome) ? `failed: ${outcome.broken}` : `skipped: ${outcome.skipped}`;

function section(result: FaultResult): string {
  const facts = [
    `${result.rounds} rounds in ${Math.round(result.seconds)} s`,
    `lost at most ${percent(result.bound95)} with 95 % certainty`,
    ...(result.caughtUpMs === undefined ? [] : [`backlog gone after ${spread(result.caughtUpMs)}`]),
    ...Object.entries(result.answers).map(([answer, count]) => `answered ${answer}: ${count}`),
  ];
  const notes = [...result.remarks, ...result.findings, ...result.deaths.map(({ end }) => `ended by itself: ${end}`)];
  return `<h2>${result.fault}</h2><p>${escaped(result.what)}</p><p>${facts.map(escaped).join(" · ")}</p>
<figure>${ratePlot(result.series)}<figcaption>Packets per second: <span class="acknowledged">acknowledged</span>,
<span class="delivered">delivered</span>. A line stands at every fault.</figcaption></figure>
${notes.length === 0 ? "" : `<ul>${notes.map((note) => `<li>${escaped(note)}</li>`).join("")}</ul>`}`;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #667; --line: #d5d9e0; --a: #0b68c8; --d: #d1690a; --mark: #b32d3d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaee; --soft: #99a; --line: #3a404a; --a: #5aa9f5; --d: #f0a04b; --mark: #f07a86; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 960px; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.2rem; } code { font-size: 13px; overflow-wrap: anywhere; }
.good { font-weight: 600; color: #1d7f45; } .bad { font-weight: 600; color: var(--mark); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 4px 8px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; white-space: normal; vertical-align: bottom; }
th:first-child, td:first-child, td[colspan] { text-align: left; }
figure { margin: 0; } figcaption { color: var(--soft); font-size: 13px; } svg { width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); } .grid { stroke: var(--line); }
polyline { fill: none; stroke-width: 1.6; } polyline.acknowledged { stroke: var(--a); } polyline.delivered { stroke: var(--d); }
span.acknowledged { color: var(--a); font-weight: 600; } span.delivered { color: var(--d); font-weight: 600; }
.marks line { stroke: var(--mark); stroke-dasharray: 3 3; } .many line { opacity: .3; }
`;
