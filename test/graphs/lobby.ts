import * as fs from "node:fs";
import * as path from "node:path";
import { ROOT, run } from "../support/binary.ts";
import { ffmpeg } from "../support/video_clips.ts";
import { lines } from "./example_project.ts";

const PHOTOS = path.join(ROOT, "node_modules/@vladmandic/face-api/demo/sample%d.jpg");

/** Writes a video of six photos of people, half a second each, and its pictures beside it; gives their folder. */
export function lobby(file: string, folder: string): string {
  fs.mkdirSync(folder, { recursive: true });
  const size = "scale=960:720:force_original_aspect_ratio=decrease,pad=960:720:-1:-1";
  ffmpeg("-framerate", "2", "-start_number", "1", "-i", PHOTOS, "-vf", size, "-pix_fmt", "yuv420p", file);
  ffmpeg("-i", file, "-q:v", "2", path.join(folder, "%d.jpg"));
  return folder;
}

/** Every face that the embedded detector is sure of, in the pictures of a folder. */
export async function facesIn(cwd: string, folder: string): Promise<unknown[]> {
  const graph = `version: 2
nodes:
  - { id: pictures, plugin: image_dir_source, config: { path: "${folder}" } }
  - { id: faces, plugin: detector, config: { model: face_tiny } }
  - { id: out, plugin: print_sink, config: { format: payload } }
edges:
  - { from: pictures, to: faces }
  - { from: faces.detections, to: out }
`;
  fs.writeFileSync(path.join(cwd, "faces.yaml"), graph);
  const { stdout } = await run(["run", "faces.yaml"], { cwd });
  return lines(stdout).flatMap((line) => JSON.parse(line).detections);
}
