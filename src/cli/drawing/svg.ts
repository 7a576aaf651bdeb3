import type { GraphPlan, PlanNode } from "../../graph/index.ts";
import { banded, type GroupBox } from "./bands.ts";
import { grouped, ownName } from "./groups.ts";
import { layered, type Stop } from "./layers.ts";
import { closingEdge, drawBoard, type Point, sagOf } from "./svg_board.ts";

/** Pixels. The width holds 20 characters of the font; longer texts are cut. */
const BOX = { width: 170, height: 44, gapX: 90, gapY: 22, margin: 20, pad: 8, title: 16 };
const MAX_TEXT = 20;

/** Fill by kind, readable on white and on dark pages. */
const FILL: Readonly<Record<string, string>> = { source: "#d5f0dc", sink: "#fbe3cf", policy: "#e6e0f8" };

/** The graph as an SVG picture: sources to the left, every edge from left to right but those that close a cycle. */
export function drawSvg({ name, nodes, edges: all, cells = [] }: GraphPlan): string {
  const edges = all.filter(({ feedback }) => !feedback);
  const closing = all.filter(({ feedback }) => feedback);
  const drawn = layered(nodes.length, edges);
  const { layers, routes } = drawn;
  const bands = banded(grouped(nodes), drawn, edges, { row: BOX.height + BOX.gapY, pad: BOX.pad, title: BOX.title });
  const lowest = BOX.margin + Math.max(bands.height, BOX.height + BOX.gapY) - BOX.gapY + sagOf(closing.length);
  const centre = (stop: Stop) => ({
    x: layerX(stop.layer),
    y: BOX.margin - BOX.gapY / 2 + bands.y(stop),
  });
  const places = new Map(layers.flat().flatMap((stop) => (stop.node === undefined ? [] : [[stop.node, centre(stop)]])));
  const indexes = new Map(nodes.map(({ id, index }) => [id, index]));
  const at = (id: string) => places.get(indexes.get(id)!)!;
  const board = drawBoard(cells, { left: BOX.margin, top: lowest, box: BOX }, at, (text) => escaped(cut(text)));
  const columns = Math.max(1, layers.length) * (BOX.width + BOX.gapX) - BOX.gapX;
  const width = 2 * BOX.margin + Math.max(columns, board.width);
  const height = lowest + board.height + BOX.margin;
  const parts = [
    ...bands.boxes.map(groupBox),
    ...routes.map((route, at) => edge(route.map(centre), label(nodes[edges[at]!.from]!, edges[at]!.fromPort))),
    ...closing.map(({ from, to }) => closingEdge(places.get(from)!, places.get(to)!, BOX)),
    ...board.parts,
    ...layers.flat().flatMap((stop) => (stop.node === undefined ? [] : box(nodes[stop.node]!, centre(stop)))),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="13">
<title>${escaped(name)}</title>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#777"/></marker></defs>
${parts.join("\n")}
</svg>
`;
}

/** Middle of a layer. */
const layerX = (layer: number) => BOX.margin + BOX.width / 2 + layer * (BOX.width + BOX.gapX);

/** The box around the nodes of a file that a node brings in; those around it are a little wider. */
function groupBox({ name, top, bottom, first, last, depth }: GroupBox): string {
  const side = BOX.margin - 4 - Math.min(depth, 3) * 4;
  const x = layerX(first) - BOX.width / 2 - side;
  const y = BOX.margin - BOX.gapY / 2 + top;
  const width = layerX(last) - layerX(first) + BOX.width + 2 * side;
  return [
    `<rect x="${x}" y="${y}" width="${width}" height="${bottom - top}" rx="8" fill="#888" fill-opacity="0.1" stroke="#999" stroke-dasharray="4 3"/>`,
    `<text x="${x + 8}" y="${y + BOX.title - 2}" font-size="11" fill="#777">${escaped(cut(name))}</text>`,
  ].join("\n");
}

const label = ({ outputs }: PlanNode, port: string) => (port === outputs[0] ? "" : port);

function edge(points: readonly Point[], text: string): string {
  const [first, ...rest] = points as [Point, ...Point[]];
  let from = { x: first.x + BOX.width / 2, y: first.y };
  let path = `M${from.x} ${from.y}`;
  for (const [at, point] of rest.entries()) {
    const last = at === rest.length - 1;
    const to = { x: point.x - BOX.width / 2, y: point.y };
    const bend = BOX.gapX / 2;
    path += `C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`;
    from = { x: point.x + BOX.width / 2, y: point.y };
    if (!last) path += `H${from.x}`;
  }
  const line = `<path d="${path}" fill="none" stroke="#777" stroke-width="1.5" marker-end="url(#arrow)"/>`;
  if (text === "") return line;
  const next = rest[0]!;
  const at = { x: (first.x + next.x) / 2, y: (first.y + next.y) / 2 - 6 };
  return `${line}\n<text x="${at.x}" y="${at.y}" text-anchor="middle" font-size="11" fill="#777">${escaped(text)}</text>`;
}

function box(node: PlanNode, { x, y }: Point): string {
  const { definition, absorbedInto } = node;
  const corner = definition.kind === "source" || definition.kind === "sink" ? BOX.height / 2 : 6;
  const left = `x="${x - BOX.width / 2}" y="${y - BOX.height / 2}" width="${BOX.width}" height="${BOX.height}"`;
  const name = absorbedInto === undefined ? definition.name : `${definition.name} in ${absorbedInto}`;
  return [
    `<rect ${left} rx="${corner}" fill="${FILL[definition.kind] ?? "#dce8fa"}" stroke="#555"/>`,
    `<text x="${x}" y="${y - 3}" text-anchor="middle" font-weight="bold" fill="#222">${escaped(cut(ownName(node)))}</text>`,
    `<text x="${x}" y="${y + 14}" text-anchor="middle" font-size="11" fill="#555">${escaped(cut(name))}</text>`,
  ].join("\n");
}

const cut = (text: string) => (text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`);

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
