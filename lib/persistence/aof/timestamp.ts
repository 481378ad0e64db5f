/** Redis's annotation of time in a log, a line before the commands it goes with: `#TS:1700000000\r\n`. */

/** What it begins with. */
export const TIMESTAMP_START = "#TS:";

/** The line for a time in seconds since the epoch. */
export function timestampLine(time_s: number): Uint8Array {
  return new TextEncoder().encode(`${TIMESTAMP_START}${time_s}\r\n`);
}
