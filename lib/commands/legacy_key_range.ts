/**
 * First key, last key, step: the three numbers by which COMMAND INFO told where keys stand before
 * there were key specs, and the flag `movablekeys` for keys that three numbers cannot tell.
 */

import type { KeySpec } from "./command.ts";

/** Key positions as three numbers; all 0: no keys, or none that can be told so. */
export interface LegacyKeyRange {
  readonly first: number;
  /** Negative: counted from the last argument. */
  readonly last: number;
  readonly step: number;
  /** Whether there are keys that the numbers do not cover. */
  readonly isIncomplete: boolean;
}

/** A key spec that the three numbers can express. */
interface Range {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** The three numbers for a command's key specs. */
export function legacyKeyRange(specs: readonly KeySpec[]): LegacyKeyRange {
  const ranges = specs.map(rangeOf);
  let covered: Range | undefined;
  let isIncomplete = false;
  for (const range of ranges) {
    const joined: Range | undefined = range && covered ? join(covered, range) : range;
    if (joined === undefined) isIncomplete = true;
    else covered = joined;
  }
  return { ...(covered ?? { first: 0, last: 0, step: 0 }), isIncomplete };
}

function rangeOf({ begin, find }: KeySpec): Range | undefined {
  if (begin === "unknown" || !("index" in begin)) return undefined;
  if (find === "unknown" || !("last" in find)) return undefined;
  const last = find.last < 0 ? find.last : begin.index + find.last;
  return { first: begin.index, last, step: find.step };
}

/** One range for two, if the second goes on where the first ends and both take every argument. */
function join(before: Range, range: Range): Range | undefined {
  const goesOn = before.last >= 0 && range.first === before.last + 1;
  if (!goesOn || before.step !== 1 || range.step !== 1) return undefined;
  return { first: before.first, last: range.last, step: 1 };
}
