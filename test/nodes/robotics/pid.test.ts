import { describe, expect, test } from "bun:test";
import { pid } from "../../../src/nodes/robotics/pid.ts";
import { plant } from "../../../src/nodes/robotics/plant.ts";
import { packet, startNode } from "../../support/node.ts";

const ts = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString();
const at = (second: number, value: unknown) => packet({ ts: ts(second), payload: { value } });

/** A controller, the measurements it is given by second, and what it puts out. */
async function steer(config: Record<string, unknown>, measured: readonly (readonly [second: number, value: number])[]) {
  const made = startNode(pid, { kp: 1, setpoint: 10, ...config });
  for (const [second, value] of measured) await made.process(at(second, value), "measurement");
  return {
    ...made,
    steps: made.on("out").map(({ payload }) => payload as { value: number; i: number; d: number; saturated: boolean }),
  };
}
const values = ({ steps }: { steps: { value: number }[] }) => steps.map(({ value }) => value);

describe("pid", () => {
  test("integrates the error over event time, whatever the clock does", async () => {
    expect(
      values(
        await steer({ kp: 0, ki: 0.5 }, [
          [0, 8],
          [1, 8],
          [4, 8],
          [4.5, 6],
        ]),
      ),
    ).toEqual([0, 1, 4, 5]);
  });

  test("derives the measurement and not the error: a new setpoint gives no kick", async () => {
    const made = await steer({ kp: 1, kd: 4, filter: "1s" }, [
      [0, 5],
      [1, 5],
    ]);
    await made.process(at(1.5, 20), "setpoint");
    await made.process(at(2, 5), "measurement");
    expect(made.on("out").map(({ payload }) => (payload as { value: number }).value)).toEqual([5, 5, 15]);
    await made.process(at(3, 7), "measurement");
    // A filter of 1 s sees half of a change within a second.
    expect(made.on("out").at(-1)!.payload).toMatchObject({ value: 13 - 4, d: -4 });
  });

  test("does not wind up: it leaves a limit as soon as the error turns", async () => {
    const stuck = Array.from({ length: 60 }, (_, second) => [second, 0] as const);
    const { steps } = await steer({ kp: 1, ki: 1, output_max: 17.5 }, [...stuck, [60, 12], [61, 12]]);
    expect(steps[59]).toMatchObject({ value: 17.5, saturated: true });
    expect(steps[59]!.i).toBeLessThanOrEqual(10);
    expect(steps[60]!.value).toBeLessThan(8);
  });

  test("works the other way round with negative gains, between limits", async () => {
    const cooling = { kp: -2, ki: -1, output_min: 0, output_max: 100 };
    expect(
      values(
        await steer(cooling, [
          [0, 30],
          [1, 30],
          [2, 0],
        ]),
      ),
    ).toEqual([40, 60, 0]);
  });

  test("takes over without a bump", async () => {
    expect(
      values(
        await steer({ kp: 3, ki: 1, start_output: 42 }, [
          [0, 4],
          [0, 4],
          [1, 4],
        ]),
      ),
    ).toEqual([42, 42, 48]);
  });

  test("leaves out what is older than its last step, and bridges a gap without integrating it", async () => {
    const made = await steer({ kp: 0, ki: 1, max_step: "5s" }, [
      [0, 8],
      [2, 8],
      [1, 0],
      [60, 8],
      [61, 8],
    ]);
    expect(values(made)).toEqual([0, 4, 4, 6]);
    expect(made.node.metrics!()).toMatchObject({ steps_total: 4, out_of_order_total: 1, gaps_total: 1 });
  });

  test("waits for both, and acts on the port it is told to", async () => {
    const made = startNode(pid, { kp: 2, step_on: "setpoint" });
    await made.process(at(0, 10), "setpoint");
    await made.process(at(0, 4), "measurement");
    await made.process(at(1, 12), "setpoint");
    expect(made.on("out")).toMatchObject([{ ts: ts(1), kind: "control", payload: { value: 16 } }]);
    expect(made.node.metrics!()).toMatchObject({ waiting_total: 1 });
  });

  test.each([
    ["NaN", { value: Number.NaN }, "must be a finite number, got NaN"],
    ["text", { value: "12" }, "must be a finite number, got str"],
    ["nothing", {}, "must be a finite number"],
  ])("refuses %s and keeps what it knew", async (_name, payload, why) => {
    const made = await steer({ kp: 0, ki: 1 }, [[0, 8]]);
    await expect(made.process(packet({ ts: ts(1), payload }), "measurement")).rejects.toThrow(why);
    await expect(made.process(packet({ ts: "noon", payload: 3 }), "measurement")).rejects.toThrow("ISO-8601");
    await made.process(at(2, 8), "measurement");
    expect(made.on("out").at(-1)!.payload).toMatchObject({ value: 4 });
  });

  test("goes on from a snapshot as if nothing had been", async () => {
    const config = { kp: 1, ki: 0.5, kd: 2, setpoint: 10 };
    const measured = Array.from({ length: 20 }, (_, second) => [second, Math.sin(second) * 3] as const);
    const whole = await steer(config, measured);
    const first = await steer(config, measured.slice(0, 9));
    const second = startNode(pid, config);
    second.node.restore!(structuredClone(first.node.snapshot!()));
    for (const [at_, value] of measured.slice(9)) await second.process(at(at_, value), "measurement");
    expect(second.on("out").map(({ payload }) => payload)).toEqual(
      whole
        .on("out")
        .slice(9)
        .map(({ payload }) => payload),
    );
  });
});

describe("plant", () => {
  const response = async (config: Record<string, unknown>, seconds: readonly number[], input = 2) => {
    const made = startNode(plant, config);
    for (const second of seconds) await made.process(at(second, input));
    return made.on("out").map(({ payload }) => (payload as { value: number }).value);
  };
  const times = [0, 0.5, 1, 3, 3.25, 8];

  test("of first order answers a step with 1 - exp(-t / T), from where it was to gain and bias", async () => {
    const got = await response({ time_constant: "2s", gain: 3, bias: 1, start: 4 }, times);
    for (const [index, t] of times.entries()) expect(got[index]).toBeCloseTo(4 + 3 * (1 - Math.exp(-t / 2)), 5);
  });

  test("of second order swings as its damping says", async () => {
    const got = await response({ time_constant: "1s", damping: 0.5 }, times);
    const [real, turns] = [0.5, Math.sqrt(0.75)];
    for (const [index, t] of times.entries()) {
      const swing = Math.cos(turns * t) + (real / turns) * Math.sin(turns * t);
      expect(got[index]).toBeCloseTo(2 * (1 - Math.exp(-real * t) * swing), 4);
    }
  });

  test("shows nothing of an input before its dead time is over", async () => {
    const seconds = [0, 1, 1.5, 2, 3];
    const late = await response({ time_constant: "1s", dead_time: "1500ms" }, seconds);
    expect(late.slice(0, 3)).toEqual([0, 0, 0]);
    for (const [index, t] of [
      [3, 0.5],
      [4, 1.5],
    ] as const)
      expect(late[index]).toBeCloseTo(2 * (1 - Math.exp(-t)), 5);
  });

  test("leaves out what is older, refuses an endless step, and goes on from a snapshot", async () => {
    const made = startNode(plant, { time_constant: "1s" });
    for (const second of [0, 2, 1]) await made.process(at(second, 1));
    expect(made.on("out")).toHaveLength(2);
    expect(made.node.metrics!()).toEqual({ out_of_order_total: 1 });
    await expect(made.process(at(10_000_000, 1))).rejects.toThrow("at most 5000 s between two packets");
    const again = startNode(plant, { time_constant: "1s" });
    again.node.restore!(structuredClone(made.node.snapshot!()));
    for (const one of [made, again]) await one.process(at(4, 1));
    expect(again.on("out").at(-1)!.payload).toEqual(made.on("out").at(-1)!.payload);
  });
});
