/**
 * Ranges of members in a packed sorted set. They make sense where all scores are equal; where they
 * differ the answer is that of Redis, which looks for the range from one end or the other.
 */

import type { PackedRun } from "./packed_run.ts";
import type { LexBound, LexRange } from "./range.ts";

/** A stretch of elements: rank of the first, and how many there are. */
export interface Stretch {
  readonly first: number;
  readonly count: number;
}

const NOTHING: Stretch = { first: 0, count: 0 };

/**
 * The elements of a range, searched for from the beginning (`backwards`: from the end), after `offset`
 * elements have been passed over.
 */
export function packedMembers(
  run: PackedRun,
  range: LexRange,
  backwards: boolean,
  offset: number,
): Stretch {
  if (!reaches(run, range)) return NOTHING;
  return backwards ? lastStretch(run, range, offset) : firstStretch(run, range, offset);
}

/** Whether the first element is below the maximum, and the last one above the minimum. */
function reaches(run: PackedRun, { min, max }: LexRange): boolean {
  run.rewind();
  if (!run.step() || !isBelow(run, max)) return false;
  while (run.step());
  return isAbove(run, min);
}

/**
 * From the first element above the minimum, if that is below the maximum: what is passed over is not
 * looked at, what follows is taken as long as it is below the maximum.
 */
function firstStretch(run: PackedRun, { min, max }: LexRange, offset: number): Stretch {
  run.rewind();
  let first = 0;
  while (run.step() && !isAbove(run, min)) first++;
  if (!isBelow(run, max)) return NOTHING;
  for (let passed = 0; passed < offset; passed++) if (!run.step()) return NOTHING;
  let count = 0;
  do {
    if (!isBelow(run, max)) break;
    count++;
  } while (run.step());
  return { first: first + offset, count };
}

/** The same from the last element below the maximum back, as long as it is above the minimum. */
function lastStretch(run: PackedRun, { min, max }: LexRange, offset: number): Stretch {
  let last = -1;
  let lastIsAbove = false;
  run.rewind();
  for (let rank = 0; run.step(); rank++) {
    if (!isBelow(run, max)) continue;
    last = rank;
    lastIsAbove = isAbove(run, min);
  }
  if (!lastIsAbove || last < offset) return NOTHING;
  let first = 0;
  run.rewind();
  for (let rank = 0; rank <= last - offset; rank++) {
    run.step();
    if (!isAbove(run, min)) first = rank + 1;
  }
  return { first, count: last - offset - first + 1 };
}

function isAbove(run: PackedRun, { kind, buf, start, end, exclusive }: LexBound): boolean {
  if (kind !== "member") return kind === "lowest";
  const order = run.compareMember(buf, start, end);
  return exclusive ? order > 0 : order >= 0;
}

function isBelow(run: PackedRun, { kind, buf, start, end, exclusive }: LexBound): boolean {
  if (kind !== "member") return kind === "highest";
  const order = run.compareMember(buf, start, end);
  return exclusive ? order < 0 : order <= 0;
}
