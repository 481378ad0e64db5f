/**
 * The server's own log: lines as Redis writes them, to standard output or a file.
 *
 *     4711:M 22 Nov 2026 13:26:11.123 * Ready to accept connections
 */

import type { Clock } from "./clock.ts";

/** From the least to the most important. */
export type LogLevel = "debug" | "verbose" | "notice" | "warning";

const MARKS: Record<LogLevel, string> = { debug: ".", verbose: "-", notice: "*", warning: "#" };
const LEVELS = Object.keys(MARKS);
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Writes log lines; a log that cannot be written is given up silently, never the server. */
export class Logger {
  /** Lines below this level are dropped. */
  level: LogLevel = "notice";
  readonly #clock: Clock;
  readonly #write: (line: string) => void;

  /** @param write takes one line with its line end. */
  constructor(clock: Clock, write: (line: string) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** Writes one line. */
  log(level: LogLevel, text: string): void {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(this.level)) return;
    this.#write(`${Deno.pid}:M ${stamp(this.#clock.now_ms())} ${MARKS[level]} ${text}\n`);
  }
}

/** `22 Nov 2026 13:26:11.123` in local time. */
function stamp(at_ms: number): string {
  const at = new Date(at_ms);
  const pad = (value: number, width = 2) => String(value).padStart(width, "0");
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => pad(part)).join(":");
  const day = `${pad(at.getDate())} ${MONTHS[at.getMonth()]} ${at.getFullYear()}`;
  return `${day} ${time}.${pad(at.getMilliseconds(), 3)}`;
}

/** A writer of lines to standard output, or to the end of a file if a path is given. */
export function lineWriter(path: string): (line: string) => void {
  const encoder = new TextEncoder();
  const file = path === "" ? Deno.stdout : Deno.openSync(path, { append: true, create: true });
  return (line) => {
    const bytes = encoder.encode(line);
    try {
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    } catch {
      // Nobody reads standard output any more, or the disk is full: the server goes on.
    }
  };
}
