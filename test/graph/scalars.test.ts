import { describe, expect, test } from "bun:test";
import { readPlain } from "../../src/graph/scalars.ts";
import { WholeFloat } from "../../src/packet/index.ts";

const python = (text: string) => readPlain(text, "python");
const yaml12 = (text: string) => readPlain(text, "yaml12");

describe("readPlain() reads as YAML 1.2", () => {
  test.each([
    ["null", null],
    ["~", null],
    ["", null],
    ["true", true],
    ["False", false],
    ["yes", "yes"],
    ["off", "off"],
    ["010", 10],
    ["0o10", 8],
    ["0x1F", 31],
    ["-12", -12],
    ["1e3", 1000],
    [".5", 0.5],
    ["20.0", 20],
    ["12:30:45", "12:30:45"],
    ["1_000", "1_000"],
    ["2026-01-01", "2026-01-01"],
    [".inf", Number.POSITIVE_INFINITY],
    ["-.INF", Number.NEGATIVE_INFINITY],
    [".nan", Number.NaN],
    ["tRUE", "tRUE"],
    ["constructor", "constructor"],
  ])("%p", (text, value) => {
    expect(yaml12(text)).toEqual(value);
  });
});

describe("readPlain() reads as the predecessor", () => {
  test.each([
    ["yes", true],
    ["ON", true],
    ["Off", false],
    ["no", false],
    ["y", "y"],
    ["010", 8],
    ["-010", -8],
    ["0o10", "0o10"],
    ["0x10", 16],
    ["0b101", 5],
    ["1_000", 1000],
    ["12:30:45", 45045],
    ["-1:30", -90],
    ["09", "09"],
    ["???", "???"],
    ["2026-01-01", "2026-01-01"],
    ["2026-02-14T00:00:00Z", "2026-02-14T00:00:00Z"],
    ["0.35", 0.35],
    ["1.5e-3", 0.0015],
    ["~", null],
    ["Null", null],
  ])("%p", (text, value) => {
    expect(python(text)).toEqual(value);
  });

  test.each([
    ["20.0", 20],
    ["1e3", 1000],
    ["1.", 1],
    ["-0.0", -0],
    ["1:30.0", 90],
  ])("%p as a float that stays one", (text, value) => {
    const read = python(text);
    expect(read).toBeInstanceOf(WholeFloat);
    expect(Object.is((read as WholeFloat).valueOf(), value)).toBe(true);
  });
});
