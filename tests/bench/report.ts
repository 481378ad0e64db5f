/** The report: rows as a table in plain text. */

import { type Benchmark, type Goal, meetsGoal, type Row } from "./benchmark.ts";

const HEAD = ["what", "redeno", "redis", "unit", "ratio", "(of rounds)", "goal", ""];
/** Columns of text; the others are figures and end at the right. */
const LEFT = new Set([0, 3, 6, 7]);

/** The rows of one benchmark under its name and title. */
export function table(benchmark: Benchmark, rows: readonly Row[]): string {
  const cells = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) =>
    row.map((cell, column) =>
      LEFT.has(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
    ).join("  ").trimEnd()
  );
  return [`${benchmark.name}: ${benchmark.title}`, ...lines.map((line) => `  ${line}`)].join("\n");
}

/** The last line: how many goals are met, and which are missed. */
export function summary(rows: readonly Row[]): string {
  const withGoal = rows.filter((row) => row.goal !== undefined);
  const missed = withGoal.filter((row) => !meetsGoal(row)).map((row) => row.what);
  const met = `${withGoal.length - missed.length} of ${withGoal.length} goals met`;
  return missed.length === 0 ? met : `${met}; missed: ${missed.join(", ")}`;
}

function cellsOf(row: Row): string[] {
  const met = meetsGoal(row);
  return [
    row.what,
    row.redeno === undefined ? "" : figure(row.redeno),
    row.redis === undefined ? "" : figure(row.redis),
    row.unit,
    row.ratio.toFixed(2),
    row.spread === undefined ? "" : `(${row.spread.map((end) => end.toFixed(2)).join(" - ")})`,
    row.goal === undefined ? "-" : goalText(row.goal, row.unit),
    met === undefined ? "" : met ? "ok" : "MISS",
  ];
}

function goalText(goal: Goal, unit: string): string {
  if (goal.of === "ratio") return `ratio ${goal.is} ${goal.bound.toFixed(2)}`;
  return `${goal.is} ${goal.bound} ${unit}`;
}

/** At least three digits, and thousands set apart. */
function figure(value: number): string {
  const decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}
