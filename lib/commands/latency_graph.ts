/**
 * LATENCY GRAPH: the samples of an event as columns, with how long ago each was below it.
 *
 *     command - high 60 ms, low 20 ms (all time high 60 ms)
 *     --------------------------------------------------------------------------------
 *       #
 *      _|
 *      ||
 *     _||
 *
 *     321
 *     sss
 */

import type { LatencySample, LatencySeries } from "./context.ts";

/** Columns in one line; more samples go on below. */
const COLUMNS_MAX = 80;
const ROWS = 4;
/** The top of a column; what is below it is a bar. */
const TIPS = ["_", "o", "#"];
const LEVELS = ROWS * TIPS.length;

/** The text of the graph. @param now_s seconds since the epoch. */
export function latencyGraph(series: LatencySeries, now_s: number): string {
  const samples = series.samples();
  const latencies = samples.map(({ latency_ms }) => latency_ms);
  const low_ms = Math.min(...latencies);
  const high_ms = Math.max(...latencies);
  const levelOf = ({ latency_ms }: LatencySample) => level(latency_ms - low_ms, high_ms - low_ms);
  const parts: string[] = [];
  for (let from = 0; from < samples.length; from += COLUMNS_MAX) {
    const part = samples.slice(from, from + COLUMNS_MAX);
    const ages = part.map(({ time_s }) => age(Math.max(now_s - time_s, 0)));
    parts.push([...bars(part.map(levelOf)), " ".repeat(part.length), ...upright(ages)].join("\n"));
  }
  return `${series.event} - high ${high_ms} ms, low ${low_ms} ms ` +
    `(all time high ${series.max_ms} ms)\n${"-".repeat(COLUMNS_MAX)}\n${parts.join("\n\n")}\n`;
}

/** 0 to LEVELS - 1. */
function level(above_ms: number, range_ms: number): number {
  if (range_ms === 0) return 0;
  return Math.min(Math.floor((above_ms * LEVELS) / range_ms), LEVELS - 1);
}

/** The lines of the columns, the top one first. */
function bars(levels: readonly number[]): string[] {
  return Array.from({ length: ROWS }, (_, i) => {
    const row = ROWS - 1 - i;
    return levels.map((each) => {
      const tip = each - row * TIPS.length;
      return tip < 0 ? " " : TIPS[tip] ?? "|";
    }).join("");
  });
}

/** How long ago, in two or three characters. */
function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** Lines in which the texts are read from top to bottom. */
function upright(texts: readonly string[]): string[] {
  const length = Math.max(...texts.map((text) => text.length));
  return Array.from({ length }, (_, row) => texts.map((text) => text[row] ?? " ").join(""));
}
