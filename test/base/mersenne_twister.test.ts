import { expect, test } from "bun:test";
import { PythonRandom } from "../../src/base/mersenne_twister.ts";

// Written down from Python 3.11: random.Random(seed).random(), three times.
test.each([
  [0, [0.8444218515250481, 0.7579544029403025, 0.420571580830845]],
  [1, [0.13436424411240122, 0.8474337369372327, 0.763774618976614]],
  [2 ** 40 + 7, [0.6137037779936511, 0.8149162973309487, 0.9450115087592873]],
  [-5, [0.6229016948897019, 0.7417869892607294, 0.7951935655656966]],
])("seed %p gives the numbers it gives in Python", (seed, numbers) => {
  const random = new PythonRandom(seed);
  expect([random.float(), random.float(), random.float()]).toEqual(numbers);
});

test("numbers go on as in Python after the state is used up", () => {
  const random = new PythonRandom(3);
  for (let i = 0; i < 700; i++) random.float();
  expect(random.float()).toBe(0.07205680902929257);
});

test("choices and uniform are those of Python", () => {
  const weighted = new PythonRandom(9);
  const letters = (random: PythonRandom, count: number, weights?: number[]) =>
    Array.from({ length: count }, () => "abc"[random.choice(3, weights)]).join("");
  expect(letters(weighted, 10, [1, 2, 3])).toBe("bbacaccacc");
  expect(weighted.uniform(-2, 2)).toBe(-1.8364169380607538);
  expect(letters(new PythonRandom(5), 8)).toBe("bcccccab");
});

test("a seed that is no whole number is refused", () => {
  expect(() => new PythonRandom(1.5)).toThrow("a seed must be a whole number: 1.5");
});
