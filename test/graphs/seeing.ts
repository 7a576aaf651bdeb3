import { expect } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { makeClip } from "../support/rtsp/clip.ts";
import { rtspServer } from "../support/rtsp_server.ts";
import { start } from "../support/running.ts";
import { standInFfmpeg } from "../support/stand_in_camera.ts";
import { STREET, streetClip } from "../support/street.ts";
import { ffmpeg } from "../support/video_clips.ts";
import { type ExampleProject, freePort, lines } from "./example_project.ts";
import { facesIn, lobby } from "./lobby.ts";

/** Pictures under a folder, each a JPEG as wide as the camera's. */
async function pictures(folder: string, width: number): Promise<string[]> {
  const files = [...new Bun.Glob("**/*.jpg").scanSync({ cwd: folder })].map((file) => path.join(folder, file));
  for (const file of files) {
    expect(await new Bun.Image(fs.readFileSync(file)).metadata()).toMatchObject({ format: "jpeg", width });
  }
  return files.sort();
}

const set = (...sets: string[]) => sets.flatMap((each) => ["--set", each]);

/** The examples that look at something: what a person sees of each, by its name. */
export const seeing = (project: ExampleProject): Record<string, (name: string) => Promise<void>> => ({
  async people_in_zone(name) {
    fs.copyFileSync(STREET!, path.join(project.path, "graphs/street.mp4"));
    const times = set("nodes.camera.config.start_ts=2026-01-01T12:00:00Z");
    const { code, report } = await project.runExample(name, "--max-packets", "50", ...times);
    expect([code, report.status]).toEqual([0, "ok"]);
    const events = lines(project.written("people_in_zone.jsonl")).map((line) => JSON.parse(line));
    // Nine people cross the zone in these ten seconds; each may be told again after ten, or get a second track.
    expect(events.length).toBeWithin(7, 13);
    expect(new Set(events.map(({ track_id }) => track_id)).size).toBeWithin(7, 12);
    for (const { bbox, ...event } of events) {
      expect(event).toMatchObject({ event_type: "ZONE_INTRUSION", object_type: "PERSON", zone: { inside: true } });
      expect((bbox.x1 + bbox.x2) / 2).toBeWithin(300, 769);
      expect(bbox.y2).toBeWithin(150, 401);
    }
    // One picture for each, at the path that the event says.
    expect(await pictures(project.output("people_in_zone"), 768)).toEqual(
      events.map((each) => each.snapshot_path).sort(),
    );
  },

  async camera(name) {
    await using server = await street(project, "yard", 4);
    const listen = `127.0.0.1:${freePort()}`;
    const flags = ["--http", listen, ...set(`vars.url=${server.url}`)];
    await using running = start(["run", `graphs/${name}.yaml`, ...flags], { cwd: project.path });
    // Three people and more are in the street at any time.
    await running.saw(/"total":[3-9]\b/);
    expect(await (await fetch(`http://${listen}/live`)).text()).toContain('<img src="/live/yard"');
    const picture = new Uint8Array(await (await fetch(`http://${listen}/live/yard.jpg`)).arrayBuffer());
    expect(await new Bun.Image(picture).metadata()).toMatchObject({ format: "jpeg", width: 640, height: 480 });
    expect((await running.stop()).code).toBe(0);
  },

  async two_cameras_one_model(name) {
    await using front = await street(project, "front", 0);
    await using back = await street(project, "back", 30);
    const flags = set(`vars.front=${front.url}`, `vars.back=${back.url}`, "vars.input={ width: 512, height: 384 }");
    await using running = start(["run", `graphs/${name}.yaml`, ...flags], { cwd: project.path });
    for (const camera of ["front", "back"]) await running.saw(new RegExp(`event ${camera} .*"total":[2-9]\\b`));
    const { code, stderr } = await running.stop();
    expect([code, stderr.match(/model loaded/g)]).toEqual([0, ["model loaded"]]);
  },

  async face_blur(name) {
    const shown = lobby(path.join(project.path, "graphs/lobby.mp4"), path.join(project.path, "shown"));
    const { code, report } = await project.runExample(name);
    expect([code, report.status]).toEqual([0, "ok"]);
    const hidden = project.output("face_blur");
    expect((await pictures(hidden, 960)).length).toBe(fs.readdirSync(shown).length);
    // The package says of its six photos: 3, 1, 3, 3, 5 and 5 faces.
    expect((await facesIn(project.path, shown)).length).toBeGreaterThanOrEqual(15);
    const [day] = [...new Bun.Glob("*/*").scanSync({ cwd: hidden, onlyFiles: false })];
    expect(await facesIn(project.path, path.join(hidden, day!))).toEqual([]);
  },

  async follow_person(name) {
    const SCHNITZEL_FFMPEG = standInFfmpeg(project.path, ["-re", "-i", manThenNobody(project.path)]);
    await using running = start(["run", `graphs/${name}.yaml`], { cwd: project.path, env: { SCHNITZEL_FFMPEG } });
    // He is near enough, and left of the middle: to the left is positive.
    await running.saw(/"linear_x":0,"angular_z":[01]\.\d+,"target_found":true/);
    await running.saw(/"linear_x":0,"angular_z":0,"target_found":false/);
    const { code, stdout } = await running.stop();
    expect([code, stdout.match(/"angular_z":-/)]).toEqual([0, null]);
  },

  async doorbell(name) {
    await using server = await soundCamera(project, "door");
    const record = path.join(project.path, "posts.jsonl");
    await using backend = start(["mock-backend", "--listen", "127.0.0.1:0", "--record", record], { cwd: project.path });
    const [, to] = await backend.saw(/listens on (\S+),/);
    const listen = `127.0.0.1:${freePort()}`;
    const given = set(`vars.url=${server.url}`, `vars.listen=${listen}`, `vars.backend=${new URL("events", to)}`);
    const short = set("nodes.clip.config.pre_sec=1", "nodes.clip.config.post_sec=1");
    await using running = start(["run", `graphs/${name}.yaml`, ...given, ...short, "--state-dir", project.path], {
      cwd: project.path,
    });
    await running.saw(/camera gives pictures camera=\S+door width/);
    await running.saw(/camera gives pictures.*\(recording\)/);
    const headers = { "content-type": "application/json", "idempotency-key": "ring/1" };
    const ring = await fetch(`http://${listen}/ring`, { method: "POST", body: "{}", headers });
    expect(ring.status).toBe(202);
    const keys = () =>
      (fs.existsSync(record) ? lines(fs.readFileSync(record, "utf8")) : []).map((line) => JSON.parse(line).key);
    while (keys().length < 2) await Bun.sleep(50);
    // The notice came with a frame, and says by which way.
    expect(keys()).toEqual(["ring/1", expect.stringMatching(/^clip:ring\/1(#|$)/)]);
    expect((await running.stop()).code).toBe(0);
    expect((await pictures(project.output("doorbell/pictures"), 320)).length).toBe(1);
    const clips = [...new Bun.Glob("**/*.mp4").scanSync({ cwd: project.output("doorbell/clips") })];
    expect(clips).toEqual([expect.stringMatching(/^site\/door\/[^/]+\.mp4$/)]);
    const clip = path.join(project.output("doorbell/clips"), clips[0]!);
    const packets = new TextDecoder().decode(ffmpeg("-i", clip, "-c", "copy", "-f", "framecrc", "-"));
    // One second before and one after, 25 pictures each, and a segment more at most.
    expect(lines(packets).filter((line) => line.startsWith("0,")).length).toBeWithin(45, 110);
  },

  async timelapse(name) {
    await using server = await street(project, "site", 0);
    const flags = set(`vars.url=${server.url}`, "vars.every_ms=1000", "nodes.camera.config.fps=5");
    const { code, report } = await project.runExample(name, "--max-packets", "15", ...flags);
    expect([code, report.status]).toEqual([0, "ok"]);
    // Of the pictures of three seconds one in each is kept; a busy machine takes longer for them.
    expect((await pictures(project.output("timelapse"), 768)).length).toBeWithin(2, 8);
  },
});

/** A video of 2 s of a man at the left edge, and then of grass. */
function manThenNobody(folder: string): string {
  const file = path.join(folder, "man_then_nobody.mp4");
  const still = (x: number, y: number, seconds: number) =>
    `trim=end_frame=1,crop=240:176:${x}:${y},scale=480:352,loop=${seconds * 10}:1,setpts=N/10/TB`;
  const filter = `split[a][b];[a]${still(236, 180, 2)}[man];[b]${still(0, 400, 20)}[grass];[man][grass]concat`;
  ffmpeg("-i", STREET!, "-filter_complex", filter, "-r", "10", "-pix_fmt", "yuv420p", file);
  return file;
}

/** A camera with sound, and a test picture. */
async function soundCamera(project: ExampleProject, name: string) {
  const server = await rtspServer({ clip: makeClip(project.path, name), path: `/${name}`, audio: true });
  return { url: server.url, [Symbol.asyncDispose]: () => server.close() };
}

/** A camera that looks at the street. */
async function street(project: ExampleProject, name: string, startSec: number) {
  const server = await rtspServer({ clip: streetClip(project.path, name, { startSec }), path: `/${name}` });
  return { url: server.url, [Symbol.asyncDispose]: () => server.close() };
}
