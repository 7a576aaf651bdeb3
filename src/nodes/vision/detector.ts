import { type Box, defineNode, type Model, port } from "../../node/index.ts";
import { frameOf } from "../../packet/index.ts";
import { type Detection, detectionFor, detectorConfig } from "./detector_config.ts";
import { modelOptions, modelRead } from "./model_config.ts";
import { modelDoubts } from "./model_doubts.ts";

const GREY = { width: 4, height: 4, format: "gray", stride: 4, data: new Uint8Array(16).fill(128), frame_idx: 0 };

export const detector = defineNode({
  name: "detector",
  kind: "compute",
  doc: `Finds objects in frames with an ONNX model, in worker threads.

The frame goes on by \`out\` with \`payload.detections\`, a list of \`{ bbox: { x1, y1, x2, y2 }, confidence, class_id,
class_name }\` in pixels of the frame, the strongest first; by \`detections\` leaves the same list without pixels, which
can cross a durable edge. Nodes with the same model and options share its workers. Before a live source give its inbox
\`{ capacity: 1, overflow: drop_oldest }\`, so that the newest frame is looked at. With several workers raise
\`runtime.concurrency\` as well: one frame is under way at a time otherwise.`,
  config: detectorConfig,
  reads: modelRead,
  check: modelDoubts,
  inputs: { in: port("frame", "Frames of any raw format, or JPEG.", "inproc_any") },
  outputs: {
    out: port("frame", "The frame with its detections.", "inproc_any"),
    detections: port("detection", "Only the detections, with the frame's number and size.", "json_portable"),
  },
  examples: [
    {
      title: "No faces in a grey picture",
      config: { model: "face_tiny", backend: "wasm" },
      input: [{ kind: "frame", source_id: "cam01", payload: GREY }],
      output: {
        out: [{ kind: "frame", source_id: "cam01", payload: { ...GREY, detections: [] } }],
        detections: [
          { kind: "detection", source_id: "cam01", payload: { frame_idx: 0, width: 4, height: 4, detections: [] } },
        ],
      },
    },
  ],
  create(config, context) {
    let model: Model | undefined;
    let wanted: Detection | undefined;
    let frames = 0;
    let found = 0;
    return {
      async open() {
        model = await context.inference.open(modelOptions(config));
        wanted = detectionFor(config, model);
        model.checkInput(wanted.input);
      },
      async process(packet, emit) {
        const frame = frameOf(packet.payload);
        const boxes = await model!.detect(frame, wanted!.input, wanted!.output);
        const detections = boxes.map((box) => shown(box, wanted!.name, config.round));
        frames += 1;
        found += detections.length;
        const { ts, source_id } = packet;
        const meta = { ...packet.meta, detection_count: detections.length, model: model!.about.name };
        emit.out(context.packet({ kind: "frame", ts, source_id, meta, payload: { ...frame, detections } }));
        const { frame_idx, width, height } = frame;
        const payload = { frame_idx, width, height, detections };
        emit.detections(context.packet({ kind: "detection", ts, source_id, meta, payload }));
      },
      close: () => model?.release(),
      metrics: () => ({ ...model?.metrics(), emitted_total: frames, detected_total: found }),
    };
  },
});

function shown({ class_id, confidence, ...corners }: Box, name: (id: number) => string, round: boolean) {
  const { x1, y1, x2, y2 } = corners;
  const bbox = round ? { x1: halfToEven(x1), y1: halfToEven(y1), x2: halfToEven(x2), y2: halfToEven(y2) } : corners;
  return { bbox, confidence, class_id, class_name: name(class_id) };
}

/** As Python rounds. */
function halfToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
