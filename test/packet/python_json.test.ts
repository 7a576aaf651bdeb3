import { expect, test } from "bun:test";
import { parsePythonJson, pythonJson } from "../../src/packet/index.ts";

const COMPACT = { compact: true, ensureAscii: true };

test.each([
  ["whole floats", '{"a":20.0,"b":20,"c":-0.0,"d":1e+22,"e":[1.5,3.0]}'],
  [
    "bare numbers among text that looks like them",
    '{"a":NaN,"b":[-Infinity,"NaN"],"c":"x\\"NaN","d":Infinity,"e":2.0}',
  ],
  ["text outside ASCII", '{"\\uc608":"\\ud55c \\\\ \\n"}'],
  ["scalars", "20.0"],
])("the predecessor's JSON is read and written back as it was: %s", (_what, text) => {
  expect(pythonJson(parsePythonJson(text), COMPACT)).toBe(text);
});

test("what is no JSON is refused", () => {
  expect(() => parsePythonJson('{"a":}')).toThrow(SyntaxError);
  expect(() => parsePythonJson('{"a":NaN,}')).toThrow(SyntaxError);
});
