/**
 * How much CPU time others took while a benchmark ran: what the figures have to be doubted by.
 *
 * Linux only. Others are all processes but this one and those it started and saw end.
 */

/** The kernel's USER_HZ, on every machine. */
const TICKS_PER_S = 100;

/** A reading, in ticks. */
interface CpuTimes {
  readonly machine: number;
  readonly own: number;
  readonly at_ms: number;
}

/** Reads the clocks. */
export function cpuTimes(): CpuTimes {
  // cpu user nice system idle ...: time in interrupts is nobody's and left out.
  const machine = Deno.readTextFileSync("/proc/stat").split("\n")[0].split(/\s+/).slice(1, 4);
  const stat = Deno.readTextFileSync("/proc/self/stat");
  // Behind the name: utime, stime, and those of children that ended (fields 14 to 17 of the line).
  const own = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 15);
  return { machine: sum(machine), own: sum(own), at_ms: performance.now() };
}

/** How many cores others kept busy since then, on average. */
export function coresOfOthers(since: CpuTimes): number {
  const now = cpuTimes();
  const others = (now.machine - since.machine) - (now.own - since.own);
  return Math.max(0, others / TICKS_PER_S / ((now.at_ms - since.at_ms) / 1000));
}

function sum(fields: readonly string[]): number {
  return fields.reduce((total, field) => total + Number(field), 0);
}
