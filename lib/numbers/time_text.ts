/** Moments as people write them: seconds since the epoch, or ISO 8601; without a zone it is UTC. */

const SECONDS = /^[0-9]{1,11}(\.[0-9]+)?$/;
const MILLISECONDS = /^[0-9]{12,}$/;
const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:[.,]\d+)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/i;

/** Whole seconds since the epoch; or, as a string, why `text` is no moment. */
export function parseTime(text: string): number | string {
  if (SECONDS.test(text)) return Math.floor(Number(text));
  if (MILLISECONDS.test(text)) return "these are more than seconds since the epoch can be";
  const parts = ISO.exec(text.trim());
  if (parts !== null) {
    const [, day, minutes = "00:00", seconds = ":00", zone = "Z"] = parts;
    const time_ms = Date.parse(`${day}T${minutes}${seconds}${fullZone(zone)}`);
    if (!Number.isNaN(time_ms) && isDay(day)) return Math.floor(time_ms / 1000);
  }
  return "not a moment; write seconds since the epoch, or ISO 8601 as in 2026-11-22T13:26:11Z";
}

/** `+01` and `+0100` as `+01:00`. */
function fullZone(zone: string): string {
  if (zone.toUpperCase() === "Z") return "Z";
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

/** Whether the calendar has the day: JavaScript takes 31 February for 3 March. */
function isDay(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/** The last second that a calendar of JavaScript knows. */
const SECONDS_MAX = 8.64e12;

/** `2026-11-22T13:26:11Z`; beyond what calendars know, the seconds as they are. */
export function formatTime(time_s: number): string {
  if (!(Math.abs(time_s) <= SECONDS_MAX)) return `${time_s} seconds`;
  return new Date(time_s * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}
