/**
 * The longest common subsequence of two byte strings, by the classic table of lengths of common
 * subsequences of all pairs of prefixes, kept as bits.
 *
 * Along a row the lengths grow by 0 or 1 from column to column: a bit says which, and a word holds a
 * strip of 32 columns. The row below comes from it by one addition (Hyyrö, "Bit-parallel LCS-length
 * computation revisited", 2004): a clear bit is a step up, and what is added are the columns whose
 * byte is that of the new row. Strips are filled one by one, top to bottom; only the carries of the
 * additions, one a row, go from strip to strip.
 *
 * Among the subsequences of equal length the walk back through the table decides; its rule is part
 * of what LCS answers, so it is Redis's: where the last bytes of two prefixes differ, shorten the
 * second one unless shortening the first keeps more. It does where the length grows by the last
 * column: with other bytes it is then that of the row above.
 */

/** A run of bytes: `buf[start .. end)`. */
export interface ByteRun {
  readonly buf: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Stretches that both strings share, from the last to the first. */
export interface Matches {
  /** Of each stretch three: its first offset in the one string, in the other, its length. */
  readonly runs: readonly number[];
  /** Length of the longest common subsequence: the sum of the lengths of all stretches. */
  readonly length: number;
}

/** Numbers of each stretch in {@linkcode Matches.runs}. */
export const RUN_NUMBERS = 3;

/** Columns of a strip. */
const STRIP = 32;
/** Where no column has been seen yet, none is a step up. */
const NO_STEPS = -1;

/** For each byte the columns of the strip under way that hold it; all clear between strips. */
const places = new Int32Array(256);
/** Tables of up to so many words, and carries of so many rows, need no memory of their own. */
const SCRATCH_WORDS = 4096;
const scratch = new Int32Array(SCRATCH_WORDS);
const scratchCarries = new Uint8Array(SCRATCH_WORDS);

/** Bytes of memory that Redis needs for strings of these lengths; more than is needed here. */
export function tableBytes(first: number, second: number): number {
  return (first + 1) * (second + 1) * Uint32Array.BYTES_PER_ELEMENT;
}

/** Length of the longest common subsequence. O(n*m) time, O(min(n, m)) memory. */
export function commonLength(a: ByteRun, b: ByteRun): number {
  if (a.end - a.start > b.end - b.start) return commonLength(b, a);
  const rows = a.end - a.start;
  const carries = clearCarries(rows);
  const strip = words(rows);
  let length = 0;
  for (let from = b.start; from < b.end; from += STRIP) {
    length += fillStrip(a, b, from, carries, strip, 0);
  }
  return length;
}

/**
 * The stretches of a longest common subsequence. O(n*m) time, n*m/8 bytes of memory or, where the
 * second string is short, 5 bytes for each byte of the first: less than {@linkcode tableBytes}.
 *
 * @throws {RangeError} where there is not so much memory.
 */
export function commonRuns(a: ByteRun, b: ByteRun): Matches {
  const rows = a.end - a.start;
  const carries = clearCarries(rows);
  const table = words(rows * Math.ceil((b.end - b.start) / STRIP));
  let length = 0;
  let at = 0;
  for (let from = b.start; from < b.end; from += STRIP) {
    length += fillStrip(a, b, from, carries, table, at);
    at += rows;
  }

  const runs: number[] = [];
  let i = rows;
  let j = b.end - b.start;
  while (i > 0 && j > 0) {
    const last = i;
    while (i > 0 && j > 0 && a.buf[a.start + i - 1] === b.buf[b.start + j - 1]) {
      i--;
      j--;
    }
    if (i < last) runs.push(i, j, last - i);
    else if (isStep(table, rows, i, j)) i--;
    else j--;
  }
  return { runs, length };
}

/** Whether column `j` makes the common subsequence of the first `i` and `j` bytes longer. */
function isStep(table: Int32Array, rows: number, i: number, j: number): boolean {
  const word = table[((j - 1) >>> 5) * rows + i - 1];
  return (word >>> ((j - 1) & 31) & 1) === 0;
}

/** Fills one strip, the columns from `b.buf[from]` on; returns the steps in its last row. */
function fillStrip(
  a: ByteRun,
  b: ByteRun,
  from: number,
  carries: Uint8Array,
  table: Int32Array,
  at: number,
): number {
  const to = Math.min(b.end, from + STRIP);
  for (let k = from; k < to; k++) places[b.buf[k]] |= 1 << (k - from);

  const { buf, start } = a;
  const rows = a.end - start;
  let row = NO_STEPS;
  for (let i = 0; i < rows; i++) {
    const matching = places[buf[start + i]];
    const added = row & matching;
    const sum = (((row + added) | 0) + carries[i]) | 0;
    carries[i] = (added | (row & ~sum)) >>> 31;
    row = sum | (row & ~matching);
    table[at + i] = row;
  }
  for (let k = from; k < to; k++) places[b.buf[k]] = 0;
  return countOnes(~row);
}

function countOnes(word: number): number {
  word -= (word >>> 1) & 0x55555555;
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function clearCarries(rows: number): Uint8Array {
  return rows > SCRATCH_WORDS ? new Uint8Array(rows) : scratchCarries.fill(0, 0, rows);
}

/** So many words; what is in them does not matter. */
function words(count: number): Int32Array {
  return count > SCRATCH_WORDS ? new Int32Array(count) : scratch;
}
