import * as v from "valibot";
import { defineNode, port } from "../../node/index.ts";
import { rounded } from "../sight_event.ts";
import { classEntry, classFinder, classIssues, DEFAULT_CLASS_MAP, readClassMap } from "./class_map.ts";
import { DetectionReader, type Seen } from "./detections.ts";

const config = v.strictObject({
  class_map: v.pipe(
    v.optional(v.array(classEntry)),
    v.description("What each class means; `person` is a ZONE_INTRUSION by a PERSON, LOW, when left out."),
  ),
  class_map_file: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1))),
    v.description("The same in a .yaml, .yml or .json file: the list, or a map with it under `class_map`."),
  ),
  untracked: v.pipe(
    v.optional(v.picklist(["pass", "drop", "fresh"]), "pass"),
    v.description(
      "Detections without `track_id`: passed as they are (`event_v02` sets a PERSON aside then), dropped, or given a number of their own each, as the predecessor did without a tracker.",
    ),
  ),
  round: v.pipe(
    v.optional(v.boolean(), true),
    v.description("Boxes in whole pixels, half to even, so that event ids do not follow a processor's last digits."),
  ),
});

const seen = (class_name: string, track_id: number) => ({
  bbox: { x1: 10.4, y1: 20, x2: 50.6, y2: 120 },
  confidence: 0.9,
  class_name,
  track_id,
});

/** Why 100: more strange classes than a person reads about; a model can invent names without end. */
const MAX_WARNINGS = 100;

export const detectionToEvent = defineNode({
  name: "detection_to_event",
  kind: "transform",
  stateVersion: 1,
  doc: `Says what detections mean, by their class, so that \`event_v02\` can make events of them.

Each detection whose class is in the class map gets \`event_type\`, \`object_type\` and \`severity\`; the list leaves as
one packet without pixels. A class that is not in the map is dropped and counted as \`unmapped_total\`, and named in
the log once. A packet of which nothing is left makes none. Put a \`tracker\` before it: an event of a PERSON needs a
\`track_id\`.`,
  config,
  inputs: { in: port(["frame", "detection"], "Packets with `payload.detections`.") },
  outputs: { out: port("detection", "A list of detections that are events to be.", "json_portable") },
  reads: ({ class_map_file }) =>
    class_map_file === undefined ? [] : [{ path: ["class_map_file"], file: class_map_file }],
  examples: [
    {
      title: "A person is an intrusion, and a dog is nothing",
      config: {},
      input: [{ kind: "detection", source_id: "cam01", payload: { detections: [seen("person", 3), seen("dog", 4)] } }],
      output: {
        out: [
          {
            kind: "detection",
            source_id: "cam01",
            payload: [
              {
                ...seen("person", 3),
                bbox: { x1: 10, y1: 20, x2: 51, y2: 120 },
                event_type: "ZONE_INTRUSION",
                object_type: "PERSON",
                severity: "LOW",
              },
            ],
          },
        ],
      },
    },
    {
      title: "A class map in a file",
      config: { class_map_file: "gear.yaml" },
      files: {
        "gear.yaml":
          "class_map:\n  - { class_name: no_helmet, event_type: PPE_VIOLATION, object_type: PERSON, severity: HIGH }\n",
      },
      input: [{ kind: "detection", payload: [{ ...seen("no_helmet", 1), bbox: { x1: 1, y1: 1, x2: 5, y2: 5 } }] }],
      output: {
        out: [
          {
            payload: [
              {
                ...seen("no_helmet", 1),
                bbox: { x1: 1, y1: 1, x2: 5, y2: 5 },
                event_type: "PPE_VIOLATION",
                object_type: "PERSON",
                severity: "HIGH",
              },
            ],
          },
        ],
      },
    },
  ],
  check({ class_map, class_map_file }) {
    if (class_map === undefined) return [];
    const both = { path: ["class_map_file"], message: "class_map and class_map_file exclude each other" };
    const issues = classIssues(class_map).map((issue) => ({ ...issue, path: ["class_map", ...issue.path] }));
    return class_map_file === undefined ? issues : [both, ...issues];
  },
  create({ class_map = DEFAULT_CLASS_MAP, class_map_file, untracked, round }, context) {
    const entries = class_map_file === undefined ? class_map : readClassMap(class_map_file, context);
    const find = classFinder(entries);
    const reader = new DetectionReader("look up classes");
    const counts = { mapped: 0, unmapped: 0, untracked: 0 };
    const warned = new Set<string>();
    let fresh = 0;
    const warn = (className: string) => {
      if (warned.has(className) || warned.size >= MAX_WARNINGS) return;
      warned.add(className);
      const known = entries.map((entry) => entry.class_name ?? entry.class_id).join(", ");
      context.log.warn("dropping detections: their class is not in the class map", { class: className, known });
    };
    const meaning = ({ raw, box, className, track }: Seen) => {
      const entry = find(raw);
      if (entry === undefined) {
        counts.unmapped += 1;
        warn(className);
        return [];
      }
      if (track === undefined) counts.untracked += 1;
      if (track === undefined && untracked === "drop") return [];
      counts.mapped += 1;
      const { event_type, object_type, severity } = entry;
      const own = track === undefined && untracked === "fresh" ? { track_id: fresh++ } : {};
      return [{ ...raw, ...(round ? { bbox: rounded(box) } : {}), ...own, event_type, object_type, severity }];
    };
    return {
      process(packet, emit) {
        const payload = reader.read(packet).flatMap(meaning);
        const { ts, source_id, meta } = packet;
        if (payload.length > 0) emit.out(context.packet({ kind: "detection", ts, source_id, meta, payload }));
      },
      metrics: () => ({
        mapped_total: counts.mapped,
        unmapped_total: counts.unmapped,
        untracked_total: counts.untracked,
        ...reader.metrics(),
      }),
      snapshot: () => fresh,
      restore(state) {
        fresh = Number(state);
      },
    };
  },
});
