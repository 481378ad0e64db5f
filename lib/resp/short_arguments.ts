/**
 * The arguments of most commands, read in one loop: canonical, all here, of less than 100 bytes.
 * Whatever else there is, is the decoder's affair. Headers are read four bytes at a time.
 */

import type { Args } from "./args.ts";
import { SHORT_HEADER_BYTES, SHORT_LENGTH, shortHeader } from "./short_header.ts";

/** `$nn\r` without its digits, as a big-endian int32. */
const TWO_DIGITS = 0x2400000d;
const ALL_BUT_DIGITS = 0xff0000ff | 0;
const CRLF = 0x0d0a;
const LF = 10;
const ZERO = 48;
/** Bytes of the shortest argument: `$0` and two line ends. */
const SHORTEST_BYTES = 6;

/**
 * Adds to `args` up to `count_max` arguments that stand in its buffer from `at` on, where `end` is
 * the end of what has arrived; `view` is of that buffer. Stops at the first that is not as above, or
 * longer than `length_max`. Returns where it stopped.
 */
export function readShortArguments(
  args: Args,
  view: DataView,
  at: number,
  end: number,
  count_max: number,
  length_max: number,
): number {
  for (let left = count_max; left > 0 && at + SHORTEST_BYTES <= end; left--) {
    const head = view.getInt32(at);
    let length = shortHeader(head, SHORT_LENGTH);
    let from = at + SHORT_HEADER_BYTES;
    if (length < 0) {
      const tens = ((head >>> 16) & 0xff) - ZERO;
      const ones = ((head >>> 8) & 0xff) - ZERO;
      if ((head & ALL_BUT_DIGITS) !== TWO_DIGITS || view.getUint8(from++) !== LF) break;
      if (tens < 1 || tens > 9 || ones < 0 || ones > 9) break;
      length = tens * 10 + ones;
    }
    const to = from + length;
    if (to + 2 > end || length > length_max || view.getUint16(to) !== CRLF) break;
    args.push(from, to);
    at = to + 2;
  }
  return at;
}
