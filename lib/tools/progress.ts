/**
 * How far a long piece of work has come: a bar that is redrawn in place on a screen, now and then a
 * line elsewhere, nothing with `--quiet`.
 *
 *     [##########..............] 41%  1.2 of 2.9 GB  appendonly.aof.3.incr.aof
 */

import type { Clock } from "../platform/clock.ts";
import type { Terminal } from "../platform/terminal.ts";

const REDRAW_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 2000;
const BAR_WIDTH = 24;
/** The clock is asked once in so many bytes. */
const LOOK_BYTES = 1024 * 1024;
const WIPE = "\r\x1b[K";

/** A measure of work done, in bytes. */
export class Progress {
  /** What is being worked on, for the bar. */
  label = "";
  readonly #terminal: Terminal | undefined;
  readonly #clock: Clock;
  readonly #total_bytes: number;
  #done_bytes = 0;
  #looked_bytes = 0;
  #told_ms: number;
  #drawn = false;

  /** @param terminal undefined: nothing is shown. */
  constructor(terminal: Terminal | undefined, clock: Clock, total_bytes: number) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#total_bytes = total_bytes;
    this.#told_ms = clock.monotonic_ms();
  }

  /** So much more is done. */
  add(bytes: number): void {
    this.#done_bytes += bytes;
    if (this.#done_bytes - this.#looked_bytes < LOOK_BYTES) return;
    this.#looked_bytes = this.#done_bytes;
    this.#tell();
  }

  /** Takes the bar away, so that a line can be written. */
  wipe(): void {
    if (this.#drawn) this.#terminal?.draw(WIPE);
    this.#drawn = false;
  }

  #tell(): void {
    const terminal = this.#terminal;
    if (terminal === undefined) return;
    const now_ms = this.#clock.monotonic_ms();
    const interval_ms = terminal.isScreen ? REDRAW_INTERVAL_MS : LINE_INTERVAL_MS;
    if (now_ms - this.#told_ms < interval_ms) return;
    this.#told_ms = now_ms;
    const share = Math.min(1, this.#done_bytes / Math.max(1, this.#total_bytes));
    const figures = `${Math.floor(share * 100)}%  ${formatBytes(this.#done_bytes)} of ` +
      `${formatBytes(this.#total_bytes)}  ${this.label}`;
    if (!terminal.isScreen) return terminal.remark(figures);
    const filled = Math.round(share * BAR_WIDTH);
    const bar = "#".repeat(filled) + ".".repeat(BAR_WIDTH - filled);
    terminal.draw(WIPE + `[${bar}] ${figures}`.slice(0, Math.max(1, terminal.columns - 1)));
    this.#drawn = true;
  }
}

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** `512 bytes`, `1.2 GB`: in powers of 1024, as Redis does. */
export function formatBytes(bytes: number): string {
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < UNITS.length - 1; unit++) size /= 1024;
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit]}`;
}
