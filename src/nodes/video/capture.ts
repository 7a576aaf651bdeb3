import type { WebcamConfig } from "./webcam_source.ts";

const SYSTEMS: Readonly<Record<string, string>> = { linux: "v4l2", darwin: "avfoundation", win32: "dshow" };

const systemOf = ({ system }: WebcamConfig): string =>
  system === "auto" ? (SYSTEMS[process.platform] ?? "v4l2") : system;

/** What the device is called. */
export function deviceName(options: WebcamConfig): string {
  const { device, camera_index } = options;
  return device ?? (systemOf(options) === "v4l2" ? `/dev/video${camera_index}` : `camera ${camera_index}`);
}

/** ffmpeg's options for a device of this machine. */
export function captureInput(options: WebcamConfig): string[] {
  const { capture_size, capture_fps, capture_format } = options;
  const system = systemOf(options);
  const formatOption = system === "v4l2" ? "-input_format" : system === "dshow" ? "-vcodec" : "-pixel_format";
  return [
    ...["-f", system],
    ...(capture_fps === undefined ? [] : ["-framerate", String(capture_fps)]),
    ...(capture_size === undefined ? [] : ["-video_size", capture_size]),
    ...(capture_format === undefined ? [] : [formatOption, capture_format]),
    ...["-i", inputName(system, options)],
  ];
}

function inputName(system: string, options: WebcamConfig): string {
  const { device, camera_index } = options;
  if (system === "avfoundation") return `${device ?? camera_index}:none`;
  return system === "dshow" ? `video=${device}` : deviceName(options);
}

/** DirectShow opens devices by name only. */
export const needsName = (options: WebcamConfig): boolean =>
  systemOf(options) === "dshow" && options.device === undefined;
