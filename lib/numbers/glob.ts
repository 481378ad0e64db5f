/**
 * Glob patterns as Redis matches them (KEYS, SCAN MATCH, PSUBSCRIBE, CONFIG GET).
 *
 *     *        any run of bytes            [a-z]   one byte of a class; ranges may be swapped
 *     ?        any one byte                [^x]    one byte outside a class
 *     \x       the byte x itself           [abc    an unterminated class ends with the pattern
 *
 * Promise: the same answers as Redis 7.0, in time bounded by pattern length times text length. Every
 * part of a pattern other than `*` takes exactly one byte, so on a mismatch it is enough to let the
 * *last* star seen take one byte more: an earlier star could only skip to where the later parts have
 * already been tried. A hostile `a*a*a*...b` therefore costs nothing special.
 */

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const CARET = 0x5e;
const DASH = 0x2d;

/** Whether the whole of `text` matches `pattern`; `ignoreCase` folds ASCII letters only. */
export function globMatch(pattern: Uint8Array, text: Uint8Array, ignoreCase = false): boolean {
  return globMatchRange(pattern, text, 0, text.length, ignoreCase);
}

/** `globMatch` for the text at `text[start..end]`. */
export function globMatchRange(
  pattern: Uint8Array,
  text: Uint8Array,
  start: number,
  end: number,
  ignoreCase = false,
): boolean {
  const patternEnd = pattern.length;
  // Redis walks pattern and text side by side and never looks at a pattern when the text is empty.
  if (start >= end) return patternEnd === 0;
  let p = 0;
  let t = start;
  let afterStar = -1;
  let retryAt = 0;
  while (t < end) {
    if (p < patternEnd && pattern[p] === STAR) {
      while (p < patternEnd && pattern[p] === STAR) p++;
      if (p === patternEnd) return true;
      afterStar = p;
      retryAt = t;
      continue;
    }
    const next = p < patternEnd ? matchOne(pattern, p, text[t], ignoreCase) : MISMATCH;
    if (next !== MISMATCH) {
      p = next;
      t++;
    } else if (afterStar >= 0) {
      p = afterStar;
      t = ++retryAt;
    } else {
      return false;
    }
  }
  while (p < patternEnd && pattern[p] === STAR) p++;
  return p === patternEnd;
}

const MISMATCH = -1;

/** Matches one byte against the part of the pattern at `p`: the offset of the next part, or -1. */
function matchOne(pattern: Uint8Array, p: number, byte: number, ignoreCase: boolean): number {
  let wanted = pattern[p];
  if (wanted === QUESTION) return p + 1;
  if (wanted === OPEN) return matchClass(pattern, p + 1, byte, ignoreCase);
  // A backslash that ends the pattern stands for itself.
  if (wanted === BACKSLASH && p + 1 < pattern.length) wanted = pattern[++p];
  const same = ignoreCase ? lower(wanted) === lower(byte) : wanted === byte;
  return same ? p + 1 : MISMATCH;
}

/** Matches one byte against the class whose `[` stands before `p`. */
function matchClass(pattern: Uint8Array, p: number, byte: number, ignoreCase: boolean): number {
  const end = pattern.length;
  const folded = ignoreCase ? lower(byte) : byte;
  const negated = p < end && pattern[p] === CARET;
  if (negated) p++;
  let found = false;
  for (; p < end && pattern[p] !== CLOSE; p++) {
    let low = pattern[p];
    if (low === BACKSLASH && end - p >= 2) {
      // Redis compares an escaped byte of a class exactly, even where case is ignored.
      if (pattern[++p] === byte) found = true;
      continue;
    }
    let high = low;
    // The byte after the dash is the end of the range whatever it is, even `]`.
    if (end - p >= 3 && pattern[p + 1] === DASH) {
      high = pattern[p + 2];
      p += 2;
      if (low > high) [low, high] = [high, low];
    }
    // Swapped first and folded afterwards, as Redis does: [A-_] folds to the empty range a.._
    if (ignoreCase) {
      low = lower(low);
      high = lower(high);
    }
    if (folded >= low && folded <= high) found = true;
  }
  if (found === negated) return MISMATCH;
  return p < end ? p + 1 : end;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
}
