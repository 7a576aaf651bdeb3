export { findFfmpeg } from "./find_ffmpeg.ts";
