/** Numbers without a gap, both ends included. */
export interface Run {
  from: number;
  to: number;
}

/** The numbers as few runs as possible. Each number comes once. */
export function runsOf(numbers: readonly number[]): Run[] {
  const runs: Run[] = [];
  let run: Run | undefined;
  for (const number of inOrder(numbers)) {
    if (run !== undefined && number === run.to + 1) run.to = number;
    else {
      run = { from: number, to: number };
      runs.push(run);
    }
  }
  return runs;
}

/** Most lists are in order already. */
function inOrder(numbers: readonly number[]): readonly number[] {
  for (let at = 1; at < numbers.length; at++) {
    if (numbers[at]! < numbers[at - 1]!) return [...numbers].sort((a, b) => a - b);
  }
  return numbers;
}
