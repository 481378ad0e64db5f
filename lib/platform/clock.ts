/**
 * Time. Every reading of a clock and every timer in redeno goes through a {@linkcode Clock}, so
 * that tests can drive time by hand.
 */

/** A source of time and timers. */
export interface Clock {
  /** Milliseconds since the Unix epoch, a whole number. */
  now_ms(): number;
  /** Microseconds since the Unix epoch, a whole number. */
  now_us(): number;
  /** Milliseconds since some fixed moment, never going back; has a fraction. */
  monotonic_ms(): number;
  /** Calls `action` every `interval_ms` until the returned function is called. */
  every(interval_ms: number, action: () => void): () => void;
  /** Calls `action` once after `delay_ms` unless the returned function is called first. */
  after(delay_ms: number, action: () => void): () => void;
  /** Blocks the whole process: DEBUG SLEEP, and nothing else, needs it. */
  block(duration_ms: number): void;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now_ms: () => Date.now(),
  now_us: () => Math.floor((performance.timeOrigin + performance.now()) * 1000),
  monotonic_ms: () => performance.now(),
  every(interval_ms, action) {
    const timer = setInterval(action, interval_ms);
    return () => clearInterval(timer);
  },
  after(delay_ms, action) {
    const timer = setTimeout(action, delay_ms);
    return () => clearTimeout(timer);
  },
  block(duration_ms) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, duration_ms);
  },
};
