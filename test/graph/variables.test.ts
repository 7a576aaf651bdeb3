import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { compile, configs, found } from "../support/graph.ts";

const baseDir = fs.mkdtempSync(path.join(os.tmpdir(), "graph_vars_"));
afterAll(() => fs.rmSync(baseDir, { recursive: true }));

const env = { N: "5", NAME: "cam", EMPTY: "", DIGITS: "0123", TRUE: "true" };

/** Config of a `counter` with `label` (a string) or `items` (anything) written as given. */
async function value(key: "label" | "items" | "count", written: string, vars = "{}") {
  const text = `version: 2\nvars: ${vars}\nnodes:\n  - id: c\n    plugin: counter\n    config:\n      ${key}: ${written}\nedges: []\n`;
  const config = (await configs(text, { env, baseDir })).c as Record<string, unknown>;
  return config[key];
}

const nodes = (...list: string[]) => `version: 2\nnodes:\n${list.map((node) => `  - { ${node} }\n`).join("")}`;

async function faults(written: string, vars = "{}") {
  const text = `version: 2\nvars: ${vars}\nnodes:\n  - { id: c, plugin: counter, config: { items: [${written}] } }\n`;
  return (await compile(text, { env, baseDir })).diagnostics;
}

describe("a variable", () => {
  test.each([
    ["${N}", 5],
    ["${N:-7}", 5],
    ["${MISSING:-7}", 7],
    ["${EMPTY:-7}", 7],
    ["${MISSING:-0x10}", 16],
    ["${MISSING:-${N}}", 5],
    ["${oc.env:N}", 5],
    ["${oc.env:MISSING, 7}", 7],
    ["${oc.decode:${N}}", 5],
  ])("%p alone is read by its looks", async (written, expected) => {
    expect(await value("count", written)).toBe(expected);
  });

  test.each([
    ['"${N}"', "5"],
    ["'${TRUE}'", "true"],
    ["${EMPTY}", ""],
    ["${MISSING:-}", ""],
    ["x${N}", "x5"],
    ["${N}${N}", "55"],
    ["rtsp://${NAME}:${N}/a", "rtsp://cam:5/a"],
    ["${MISSING:-a b}", "a b"],
    ["${MISSING:-rtsp://h:8554/y}", "rtsp://h:8554/y"],
    ["\\${N}", "${N}"],
    ["a\\${N}${N}", "a${N}5"],
    ["\\\\${N}", "\\5"],
    ["$N {N} $$", "$N {N} $$"],
    ["${oc.env:MISSING,'a, b'}", "a, b"],
    ["a ${oc.env:MISSING, b }c", "a bc"],
  ])("%p is text", async (written, expected) => {
    expect(await value("label", written)).toBe(expected);
  });

  test("that looks like a number is text where the node wants text", async () => {
    expect(await value("label", "${DIGITS}")).toBe("0123");
    expect(await value("label", "${TRUE}")).toBe("true");
  });

  test("that stands in quotes is refused where the node wants a number, with the way out", async () => {
    const { diagnostics } = await compile(
      'version: 2\nnodes:\n  - { id: c, plugin: counter, config: { count: "${N}" } }\n',
      { env },
    );
    expect(diagnostics).toMatchObject([
      { code: "CONFIG_VALUE", hint: expect.stringMatching(/^without the quotes .* a number; .* line of its own$/) },
    ]);
  });

  test("that stands in a flow map without quotes is told to have them", async () => {
    const { diagnostics } = await compile("version: 2\nnodes: [{ id: ${NAME}, plugin: counter }]\n", { env });
    expect(diagnostics[0]).toMatchObject({ code: "YAML_SYNTAX", hint: expect.stringContaining("in quotes") });
  });

  test("that is not set is named with its place", async () => {
    const text = 'version: 2\nnodes:\n  - { id: c, plugin: counter, config: { label: "a ${NAMEE} b" } }\n';
    const { diagnostics } = await compile(text, { env });
    expect(diagnostics).toMatchObject([
      {
        code: "UNDEFINED_VARIABLE",
        place: { line: 3, column: 51, endColumn: 59 },
        hint: expect.stringContaining("did you mean NAME?"),
      },
    ]);
  });

  test("named like a property of every object is not set", async () => {
    expect(found(await faults('"${constructor}"'))).toEqual(["UNDEFINED_VARIABLE@4:50"]);
  });

  test.each(['"${"', '"${A-B}"', '"${oc.nothing:X}"', '"${}"', '"${oc.env:X,a,b}"', "'${A b}'"])(
    "cannot be written %s",
    async (written) => {
      expect((await faults(written)).map(({ code }) => code)).toEqual(["BAD_INTERPOLATION"]);
    },
  );
});

describe("a variable without value is the only finding when it stands in", () => {
  test.each([
    ["an id", nodes("id: '${NOPE}', plugin: counter", "id: s, plugin: show") + "edges: [{ from: cam, to: s }]\n"],
    ["a plugin", nodes("id: c, plugin: '${NOPE}'", "id: s, plugin: show") + "edges: [{ from: c.x, to: s }]\n"],
    ["an edge", nodes("id: c, plugin: counter", "id: s, plugin: show") + "edges: [{ from: c, to: '${NOPE}' }]\n"],
    ["a config", nodes("id: c, plugin: counter, config: { items: [{ a: '${NOPE}' }] }")],
    ["runtime", nodes("id: c, plugin: counter, runtime: { on_error: '${NOPE}' }")],
    ["the name", `name: "\${NOPE}"\n${nodes("id: c, plugin: counter")}`],
  ])("%s", async (_, text) => {
    const codes = (await compile(text, { env })).diagnostics.map(({ code }) => code);
    expect(codes.filter((code) => code !== "UNKNOWN_NODE")).toEqual(["UNDEFINED_VARIABLE"]);
  });
});

describe("${vars.…}", () => {
  test("keeps the type of the value, in quotes too", async () => {
    expect(await value("count", '"${vars.n}"', "{ n: 4 }")).toBe(4);
    expect(await value("items", '"${vars.list}"', "{ list: [1, { a: x }] }")).toEqual([1, { a: "x" }]);
  });

  test("leads into maps and lists", async () => {
    expect(await value("label", "${vars.a.b[1]}", "{ a: { b: [x, y] } }")).toBe("y");
  });

  test("may use the environment and other values", async () => {
    expect(await value("label", "${vars.a}!", '{ a: "<${vars.b}>", b: "${NAME}" }')).toBe("<cam>!");
  });

  test("that does not exist is reported with a suggestion", async () => {
    expect(await faults('"${vars.vidio}"', "{ video: a }")).toMatchObject([
      { code: "UNDEFINED_VARIABLE", hint: "did you mean ${vars.video}?" },
    ]);
  });

  test("that leads back to itself is refused once", async () => {
    expect((await faults('"${vars.a}"', '{ a: "${vars.b}", b: "${vars.a}" }')).map(({ code }) => code)).toEqual([
      "VARIABLE_CYCLE",
    ]);
    expect((await faults('"${vars}"', '{ a: "${vars}" }')).map(({ code }) => code)).toContain("VARIABLE_CYCLE");
  });

  test("that is a list cannot stand inside a text", async () => {
    expect((await faults('"a ${vars.l}"', "{ l: [1] }")).map(({ code }) => code)).toEqual(["BAD_INTERPOLATION"]);
  });

  test("with a fault is reported where the fault is, not where it is used", async () => {
    expect(found(await faults('"${vars.a}"', '{ a: "${NOPE}" }'))).toEqual(["UNDEFINED_VARIABLE@2:13"]);
  });

  test("that leads on and on is refused before the stack ends", async () => {
    const chain = Array.from({ length: 5_000 }, (_, index) => `v${index}: "\${vars.v${index + 1}}"`).join(", ");
    const diagnostics = await faults('"${vars.v0}"', `{ ${chain}, v5000: 1 }`);
    expect(new Set(diagnostics.map(({ code }) => code))).toEqual(new Set(["BAD_INTERPOLATION"]));
  });

  test("that doubles at each step is refused before memory ends", async () => {
    const lists = Array.from(
      { length: 30 },
      (_, index) => `v${index}: ["\${vars.v${index + 1}}", "\${vars.v${index + 1}}"]`,
    );
    expect((await faults('"${vars.v0}"', `{ ${lists.join(", ")}, v30: x }`)).map(({ code }) => code)).toContain(
      "EXPANSION_TOO_LARGE",
    );
    const texts = Array.from({ length: 30 }, (_, index) => `v${index}: "\${vars.v${index + 1}}\${vars.v${index + 1}}"`);
    expect((await faults('"${vars.v0}"', `{ ${texts.join(", ")}, v30: x }`)).map(({ code }) => code)).toContain(
      "EXPANSION_TOO_LARGE",
    );
  });
});

describe("${file:…}", () => {
  test("starts at the graph's folder, drops one line end and stays text", async () => {
    fs.writeFileSync(path.join(baseDir, "pin"), "0042\n");
    expect(await value("label", "${file:pin}")).toBe("0042");
    expect(await value("label", `\${file:${path.join(baseDir, "pin")}}`)).toBe("0042");
  });

  test.each([
    ["does not exist", "nothing", () => {}],
    ["is a folder", ".", () => {}],
    ["is a device", "/dev/zero", () => {}],
    ["is not UTF-8", "raw", () => fs.writeFileSync(path.join(baseDir, "raw"), new Uint8Array([0xff]))],
    ["has no end", "/proc/self/pagemap", () => {}],
    ["is too large", "big", () => fs.writeFileSync(path.join(baseDir, "big"), "x".repeat(65_537))],
  ])("that %s is refused", async (_, file, prepare) => {
    prepare();
    expect((await faults(`"\${file:${file}}"`)).map(({ code }) => code)).toEqual(["VARIABLE_FILE"]);
  });
});

describe("a secret", () => {
  const camera = (password: string) =>
    `version: 2\nnodes:\n  - { id: p, plugin: camera, config: { url: x, password: ${password} } }\n`;

  test.each(["CAM_PASSWORD", "MY_SECRET", "API_TOKEN", "apikey"])("from %s is not shown", async (name) => {
    const { diagnostics, texts } = await compile(camera(`"a\${${name}}"`), { env: { [name]: "hunter2" } });
    expect(found(diagnostics)).toContain("CONFIG_VALUE@3:58");
    expect(diagnostics[0]!.message).toContain("***");
    expect(JSON.stringify({ diagnostics, texts })).not.toContain("hunter2");
  });

  test("from a file is not shown", async () => {
    fs.writeFileSync(path.join(baseDir, "pw"), "hunter2");
    const { diagnostics } = await compile(camera('"${file:pw}"'), { baseDir });
    expect(diagnostics.map(({ code }) => code)).toContain("CONFIG_VALUE");
    expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
  });

  test("is not shown where a message clips it or quotes one of its lines", async () => {
    fs.writeFileSync(path.join(baseDir, "long"), `hunter${"2".repeat(500)}`);
    fs.writeFileSync(path.join(baseDir, "pem"), `-----BEGIN-----\n${"hunter2".repeat(3)}\n-----END-----\n`);
    for (const file of ["long", "pem"]) {
      for (const graph of [
        camera(`"\${file:\${file:${file}}}"`),
        `version: 2\nnodes:\n  - { id: "\${file:${file}}", plugin: camera }\n`,
      ]) {
        const { diagnostics } = await compile(graph, { baseDir });
        expect(diagnostics).not.toEqual([]);
        expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
      }
    }
  });

  test("of one character is not shown either", async () => {
    const { diagnostics } = await compile(camera('"${A_PASS}"'), { env: { A_PASS: "7" } });
    expect(diagnostics[0]!.message).toEndWith("current value is ***");
  });

  test("that came by way of vars is not shown", async () => {
    const text = `vars: { pw: "\${PASS}" }\n${camera('"${vars.pw}"')}`;
    const { diagnostics } = await compile(text, { env: { PASS: "hunter2" } });
    expect(diagnostics.map(({ code }) => code)).toContain("CONFIG_VALUE");
    expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
  });

  test("that a node's own message repeats is hidden there", async () => {
    const text = 'version: 2\nnodes:\n  - { id: c, plugin: counter }\n  - { id: l, plugin: "${A_KEY}" }\n';
    const { diagnostics } = await compile(text, { env: { A_KEY: "hunter2" } });
    expect(diagnostics.map(({ code }) => code)).toContain("UNKNOWN_PLUGIN");
    expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
  });
});
