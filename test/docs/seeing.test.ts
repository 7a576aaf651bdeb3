import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { exampleProject, freePort } from "../graphs/example_project.ts";
import { lobby } from "../graphs/lobby.ts";
import { ROOT, run } from "../support/binary.ts";
import { needs } from "../support/part.ts";
import { type Clip, rtspServer } from "../support/rtsp_server.ts";
import { STREET, streetClip } from "../support/street.ts";

/** Commands in the section on seeing, each with the words after `./schnitzel`. */
function shown(page: string, heading: string): string[][] {
  const text = fs.readFileSync(path.join(ROOT, page), "utf8");
  const section = text.slice(text.indexOf(`\n## ${heading}\n`));
  const block = /^```sh\n(.*?)^```$/ms.exec(section)![1]!;
  return [...block.matchAll(/^\.\/schnitzel (.*?)(?: +#.*)?$/gm)].map((match) => match[1]!.split(" "));
}

const COMMANDS = shown("README.md", "See and hear");
const project = exampleProject();
afterAll(() => project[Symbol.dispose]());

let yard: Clip | undefined;

/** Makes, once, the videos that the commands name; gives what the camera shows. */
function media(): Clip {
  if (yard !== undefined) return yard;
  fs.copyFileSync(STREET!, path.join(project.path, "graphs/street.mp4"));
  lobby(path.join(project.path, "graphs/lobby.mp4"), path.join(project.path, "shown"));
  yard = streetClip(project.path, "yard");
  return yard;
}

test("both languages show the same commands", () => {
  expect(COMMANDS.length).toBeGreaterThanOrEqual(5);
  expect(shown("README.ko.md", "보고 듣기")).toEqual(COMMANDS);
});

describe("in the README", () => {
  // As many pictures as say that it works; a camera never ends by itself.
  const FEW = ["--max-packets", "5"];

  for (const words of COMMANDS) {
    needs("ffmpeg", "opencv_doc")(
      `schnitzel ${words.slice(0, 2).join(" ")} does its work`,
      async () => {
        const server = await rtspServer({ clip: media() });
        const here = words.map((word) =>
          word.replace("rtsp://127.0.0.1:8554/yard", server.url).replace("127.0.0.1:7077", `127.0.0.1:${freePort()}`),
        );
        const { code, stderr } = await run([...here, ...(words[0] === "run" ? FEW : [])], { cwd: project.path });
        await server.close();
        expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      },
      40_000,
    );
  }
});
