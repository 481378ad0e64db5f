/**
 * The latency monitor: what held the server up, by event, for LATENCY and its doctor.
 *
 *     monitor.add("aof-write", 12.4)      kept if latency-monitor-threshold is 12 ms or less, not 0
 *
 * Each event keeps its last {@linkcode SAMPLES} samples, one a second: of several in a second the
 * longest. Memory is bounded, since the names come from the program and not from clients. Names are
 * Redis's where it has the event (`command`, `fast-command`, `aof-write`, `aof-fsync-always`,
 * `expire-cycle`); those of our own are `aof-fsync` (in the background: no turn waits for it),
 * `snapshot-slice` and `snapshot`.
 */

import type { LatencyEvents, LatencySample, LatencySeries } from "../commands/context.ts";
import type { Clock } from "../platform/clock.ts";

/** Samples kept of each event. */
const SAMPLES = 160;

/** The samples of one event, in a ring. */
class Series implements LatencySeries {
  max_ms = 0;
  readonly #samples: LatencySample[] = [];
  /** Where the oldest one stands once the ring is full. */
  #oldest = 0;

  constructor(readonly event: string) {}

  add(time_s: number, latency_ms: number): void {
    this.max_ms = Math.max(this.max_ms, latency_ms);
    const samples = this.#samples;
    const last = samples.length === 0 ? 0 : (this.#oldest + samples.length - 1) % samples.length;
    const sample = { time_s, latency_ms };
    if (samples[last]?.time_s === time_s) {
      if (samples[last].latency_ms < latency_ms) samples[last] = sample;
    } else if (samples.length < SAMPLES) {
      samples.push(sample);
    } else {
      samples[this.#oldest] = sample;
      this.#oldest = (this.#oldest + 1) % SAMPLES;
    }
  }

  samples(): readonly LatencySample[] {
    return [...this.#samples.slice(this.#oldest), ...this.#samples.slice(0, this.#oldest)];
  }
}

/** All events. */
export class LatencyMonitor implements LatencyEvents {
  readonly #clock: Clock;
  readonly #threshold_ms: () => number;
  readonly #series = new Map<string, Series>();

  /** @param threshold_ms `latency-monitor-threshold`: from when on an event is kept; 0: none is. */
  constructor(clock: Clock, threshold_ms: () => number) {
    this.#clock = clock;
    this.#threshold_ms = threshold_ms;
  }

  add(event: string, duration_ms: number): void {
    const threshold_ms = this.#threshold_ms();
    const latency_ms = Math.floor(duration_ms); // as Redis counts
    if (threshold_ms === 0 || latency_ms < threshold_ms) return;
    let series = this.#series.get(event);
    if (series === undefined) this.#series.set(event, series = new Series(event));
    series.add(Math.floor(this.#clock.now_ms() / 1000), latency_ms);
  }

  all(): Iterable<LatencySeries> {
    return this.#series.values();
  }

  find(event: string): LatencySeries | undefined {
    return this.#series.get(event);
  }

  reset(event: string): boolean {
    return this.#series.delete(event);
  }
}
