import type { Planned } from "./legacy.ts";

/** Addresses of the predecessor's first generation, which knew jobs, adapters and sensors instead of graphs. */
export const FIRST_GENERATION: readonly (readonly [addresses: readonly string[], entry: Planned])[] = [
  [["schnitzel_stream.jobs.legacy_ai_pipeline:LegacyAIPipelineJob"], { planned: "schnitzel migrate" }],
  [
    [
      "ai.vision.adapters.yolo_adapter:YOLOAdapter",
      "ai.vision.yolo_adapter:YOLOAdapter",
      "ai.vision.adapters.onnx_adapter:ONNXYOLOAdapter",
      "demo.yolo_ppe_adapter:YOLOPPEAdapter",
    ],
    { planned: "detector" },
  ],
  [["ai.vision.adapters.custom_adapter:CustomModelAdapter"], { planned: "onnx_model" }],
  [["ai.plugins.ros2.image_source:Ros2ImageSource"], { planned: "ros2_image_source" }],
  [["ai.plugins.ros2.event_emitter:Ros2EventEmitter"], { planned: "ros2_event_sink", meanwhile: "jsonl_sink" }],
  [
    ["ai.plugins.sensors.fake_ultrasonic:FakeUltrasonicSensorSource"],
    { planned: "fake_ultrasonic_source", meanwhile: "generate_source" },
  ],
  [
    ["ai.plugins.sensors.serial_ultrasonic:SerialUltrasonicSensorSource"],
    { planned: "serial_source", meanwhile: "stdin_source" },
  ],
];
