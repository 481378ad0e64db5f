/**
 * What a benchmark is: its record, what it is asked for, and the rows it answers with.
 *
 * Promise: both servers' figures of a row come from the same run, measured in turns, so that what
 * disturbs the machine disturbs both.
 */

/** How much work to do: `small` ends in about a minute, `full` is what the goals are stated for. */
export type Size = "small" | "full";

/** What the command line asks of a benchmark. */
export interface Wish {
  /** How much work. */
  readonly size: Size;
  /** How often each server is measured, or undefined for the benchmark's own default. */
  readonly rounds: number | undefined;
}

/** A benchmark; each file of this room that holds one exports exactly one. */
export interface Benchmark {
  /** What it is called on the command line. */
  readonly name: string;
  /** What is measured and how, in one line. */
  readonly title: string;
  /** Runs it. Throws where a server fails; a goal that is missed is not a failure. */
  run(wish: Wish): Promise<Row[]>;
}

/** The two servers, in the order in which they take their turns. */
export const SIDES = ["redeno", "redis"] as const;
/** One of the servers. */
export type Side = typeof SIDES[number];
/** What was measured, round by round. */
export type Samples = Readonly<Record<Side, readonly number[]>>;

/** What a figure should be: a bound on the ratio, or on redeno's own figure. */
export interface Goal {
  /** What is bounded. */
  readonly of: "ratio" | "redeno";
  /** On which side. */
  readonly is: ">=" | "<=";
  /** The bound. */
  readonly bound: number;
}

/** A line of the report. Figures are absent where they would mean nothing. */
export interface Row {
  /** What was measured. */
  readonly what: string;
  /** Of both figures. */
  readonly unit: string;
  /** Median of redeno's rounds. */
  readonly redeno?: number;
  /** Median of redis-server's rounds. */
  readonly redis?: number;
  /** Median over the rounds of redeno / redis-server, each round by itself. */
  readonly ratio: number;
  /** Lowest and highest ratio of a round: how noisy the run was. */
  readonly spread?: readonly [number, number];
  /** What it should be. */
  readonly goal?: Goal;
}

/** The middle of the values; of an even number of them, the mean of the middle two. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("no values to take the median of");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Measures both servers in turns: redeno, redis-server, redeno, redis-server, ...
 *
 * @param measure - one server, one round: its figures by name.
 * @returns the samples of each figure, in the order of the rounds.
 */
export async function interleave<K extends string>(
  rounds: number,
  measure: (side: Side, round: number) => Promise<Record<K, number>>,
): Promise<Record<K, Samples>> {
  const samples = {} as Record<K, Record<Side, number[]>>;
  for (let round = 0; round < rounds; round++) {
    for (const side of SIDES) {
      const figures = await measure(side, round);
      for (const name of Object.keys(figures) as K[]) {
        samples[name] ??= { redeno: [], redis: [] };
        samples[name][side].push(figures[name]);
      }
    }
  }
  return samples;
}

/** A row from the rounds of both servers. */
export function compare(what: string, unit: string, samples: Samples, goal?: Goal): Row {
  const ratios = samples.redeno.map((redeno, round) => redeno / samples.redis[round]);
  return {
    what,
    unit,
    redeno: median(samples.redeno),
    redis: median(samples.redis),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    goal,
  };
}

/** Whether the row meets its goal; undefined where it has none. */
export function meetsGoal(row: Row): boolean | undefined {
  if (row.goal === undefined) return undefined;
  const figure = row.goal.of === "ratio" ? row.ratio : row.redeno;
  if (figure === undefined) throw new Error(`${row.what}: a goal for a figure that is not there`);
  return row.goal.is === ">=" ? figure >= row.goal.bound : figure <= row.goal.bound;
}

/** The ratio is to be no lower than this. */
export function ratioAtLeast(bound: number): Goal {
  return { of: "ratio", is: ">=", bound };
}

/** The ratio is to be no higher than this. */
export function ratioAtMost(bound: number): Goal {
  return { of: "ratio", is: "<=", bound };
}

/** redeno's own figure is to be no higher than this. */
export function redenoAtMost(bound: number): Goal {
  return { of: "redeno", is: "<=", bound };
}

/** Tells whoever waits what is being measured. */
export function progress(text: string): void {
  console.error(`  ... ${text}`);
}
