export { type AppendFile, newAppendFile } from "./append_file.ts";
export {
  type PacketRecord,
  RECORDING_VERSION,
  RecordingError,
  type RecordingEvent,
  type RecordingHeader,
} from "./format.ts";
export { type MaskPath, maskPath } from "./masks.ts";
export { type ReadRecording, readRecording, type Tail } from "./read_recording.ts";
export { type Ending, Recorder, type RecorderOptions, type RecorderStats } from "./recorder.ts";
