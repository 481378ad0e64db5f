/**
 * LATENCY DOCTOR: what was observed, and what to do about it. The frame of the report is Redis's, so
 * that tools which read it find what they look for; the advice is our own, for what redeno does.
 */

import type { LatencySeries, ServerHandle } from "./context.ts";

const DISABLED = "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis " +
  'instance. You may use "CONFIG SET latency-monitor-threshold <milliseconds>." in order to ' +
  "enable it. If we weren't in a deep space mission I'd suggest to take a look at " +
  "https://redis.io/topics/latency-monitor.\n";
const HEALTHY = "Dave, no latency spike was observed during the lifetime of this Redis instance, " +
  "not in the slightest bit. I honestly think you ought to sit down calmly, take a stress pill, " +
  "and think things over.\n";
const OBSERVED = "Dave, I have observed latency spikes in this Redis instance. You don't mind " +
  "talking about it, do you Dave?\n\n";

const SLOW_DISK = "The disk is slow to take what is written. Find out what else writes to it, or " +
  "keep the log on a faster local disk.";
const SLOW_FSYNC = "Forcing the log to the disk takes long. 'CONFIG SET appendfsync everysec' " +
  "forces it in the background, at the price of up to a second of writes after a power failure.";
const BACKGROUND_FSYNC = "Forcing the log in the background takes long. No client waits for it " +
  "unless appendfsync is always, but it tells how much a power failure may cost.";
const INSPECT = "SLOWLOG GET shows which commands take long and with what arguments.";
const LARGE_VALUES = "Reading, deleting or expiring large collections takes long: split them, or " +
  "go through them with the SCAN commands, and delete them with UNLINK.";
const MACHINE = "Commands that do little work were held up: the garbage collector, swapping, or " +
  "other programs on this machine may be the reason.";
const SNAPSHOT =
  "Writing a snapshot holds clients up: lower snapshot-cpu-percent, and split very " +
  "large collections.";
const EXPIRY = "Many keys expire at the same moment: spread their expiry times.";

/** What helps against each event. */
const ADVICE: Readonly<Record<string, readonly string[]>> = {
  "command": [INSPECT, LARGE_VALUES],
  "fast-command": [MACHINE],
  "aof-write": [SLOW_DISK],
  "aof-fsync-always": [SLOW_FSYNC, SLOW_DISK],
  "aof-fsync": [BACKGROUND_FSYNC, SLOW_DISK],
  "expire-cycle": [EXPIRY, LARGE_VALUES],
  "snapshot-slice": [SNAPSHOT],
  "snapshot": [SLOW_DISK],
};

/** The text of the report. */
export function latencyReport({ latency, config: { values }, clock }: ServerHandle): string {
  const all = [...latency.all()];
  const threshold_ms = values["latency-monitor-threshold"];
  if (all.length === 0) return threshold_ms === 0 ? DISABLED : HEALTHY;

  const now_s = Math.floor(clock.now_ms() / 1000);
  const lines = all.map((series, i) => `${i + 1}. ${summary(series, now_s)}\n`);
  const advice = new Set(all.flatMap(({ event }) => ADVICE[event] ?? []));
  const slowFrom_us = values["slowlog-log-slower-than"];
  const slowLogHides = slowFrom_us < 0 || slowFrom_us > threshold_ms * 1000;
  if (slowLogHides && threshold_ms > 0 && latency.find("command") !== undefined) {
    advice.add(
      `The slow log leaves out what you call a spike: 'CONFIG SET slowlog-log-slower-than ` +
        `${threshold_ms * 1000}'.`,
    );
  }
  const closing = advice.size === 0
    ? "\nWhile there are latency events logged, I'm not able to suggest any easy fix.\n"
    : `\nI have a few advices for you:\n\n${[...advice].map((each) => `- ${each}\n`).join("")}`;
  return OBSERVED + lines.join("") + closing;
}

/** `command: 3 latency spikes (average 40ms, ...`. Figures are whole ms, as Redis's. */
function summary(series: LatencySeries, now_s: number): string {
  const samples = series.samples();
  const count = samples.length;
  const mean = (figures: readonly number[]) =>
    Math.floor(figures.reduce((sum, each) => sum + each, 0) / count);
  const latencies = samples.map(({ latency_ms }) => latency_ms);
  const average_ms = mean(latencies);
  const deviation_ms = mean(latencies.map((each) => Math.abs(each - average_ms)));
  const period_s = ((now_s - samples[0].time_s) / count).toFixed(2);
  return `${series.event}: ${count} latency spikes (average ${average_ms}ms, mean deviation ` +
    `${deviation_ms}ms, period ${period_s} sec). Worst all time event ${series.max_ms}ms.`;
}
