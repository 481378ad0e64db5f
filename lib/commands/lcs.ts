/**
 * The longest common subsequence of two byte strings, by the classic table of lengths of common
 * subsequences of all pairs of prefixes.
 *
 * Among the subsequences of equal length the walk back through the table decides; its rule is part
 * of what LCS answers, so it is Redis's: where the last bytes of two prefixes differ, shorten the
 * second one unless shortening the first keeps more.
 */

/** A run of bytes: `buf[start .. end)`. */
export interface ByteRun {
  readonly buf: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Stretches that both strings share, from the last to the first. */
export interface Matches {
  /** Of each stretch: its first offset in the one string, its first in the other, its length. */
  readonly runs: readonly (readonly [first: number, second: number, length: number])[];
  /** Length of the longest common subsequence: the sum of the lengths of all stretches. */
  readonly length: number;
}

/** Bytes of memory that {@linkcode commonRuns} needs for strings of these lengths. */
export function tableBytes(first: number, second: number): number {
  return (first + 1) * (second + 1) * Uint32Array.BYTES_PER_ELEMENT;
}

/** Length of the longest common subsequence. O(n*m) time, O(m) memory. */
export function commonLength(a: ByteRun, b: ByteRun): number {
  const columns = b.end - b.start + 1;
  let above = new Uint32Array(columns);
  let row = new Uint32Array(columns);
  for (let i = a.start; i < a.end; i++) {
    fillRow(a.buf[i], b, above, 0, row, 0);
    [above, row] = [row, above];
  }
  return above[columns - 1];
}

/**
 * The stretches of a longest common subsequence. O(n*m) time, {@linkcode tableBytes} of memory.
 *
 * @throws {RangeError} where there is not so much memory.
 */
export function commonRuns(a: ByteRun, b: ByteRun): Matches {
  const rows = a.end - a.start;
  const columns = b.end - b.start + 1;
  const table = new Uint32Array((rows + 1) * columns);
  for (let i = 0; i < rows; i++) {
    fillRow(a.buf[a.start + i], b, table, i * columns, table, (i + 1) * columns);
  }

  const runs: [number, number, number][] = [];
  let i = rows;
  let j = columns - 1;
  while (i > 0 && j > 0) {
    const last = i;
    while (i > 0 && j > 0 && a.buf[a.start + i - 1] === b.buf[b.start + j - 1]) {
      i--;
      j--;
    }
    if (i < last) runs.push([i, j, last - i]);
    else if (table[(i - 1) * columns + j] > table[i * columns + j - 1]) i--;
    else j--;
  }
  return { runs, length: table[table.length - 1] };
}

/** One row of the table: the byte that is new in the first string against all of the second. */
function fillRow(
  byte: number,
  b: ByteRun,
  above: Uint32Array,
  aboveAt: number,
  row: Uint32Array,
  rowAt: number,
): void {
  const { buf, start, end } = b;
  let left = 0;
  for (let k = start; k < end; k++) {
    if (buf[k] === byte) {
      left = above[aboveAt] + 1;
    } else {
      const up = above[aboveAt + 1];
      if (up > left) left = up;
    }
    aboveAt++;
    row[++rowAt] = left;
  }
}
