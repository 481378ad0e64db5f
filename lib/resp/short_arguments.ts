/**
 * The arguments of most commands, read in one loop: canonical, all here, of less than 100 bytes.
 * Whatever else there is, is the decoder's affair.
 */

import type { Args } from "./args.ts";

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const ZERO = 48;
/** Bytes of the shortest argument: `$0` and two line ends. */
const SHORTEST_BYTES = 6;

/**
 * Adds to `args` up to `count_max` arguments that stand in its buffer from `at` on, where `end` is
 * the end of what has arrived. Stops at the first that is not as above, or longer than
 * `length_max`. Returns where it stopped.
 */
export function readShortArguments(
  args: Args,
  at: number,
  end: number,
  count_max: number,
  length_max: number,
): number {
  const { buf } = args;
  for (let left = count_max; left > 0 && at + SHORTEST_BYTES <= end; left--) {
    let length = buf[at + 1] - ZERO;
    let from = at + 4;
    if (buf[at] !== DOLLAR || length < 0 || length > 9) break;
    if (buf[at + 2] !== CR) {
      const digit = buf[at + 2] - ZERO;
      if (length === 0 || digit < 0 || digit > 9 || buf[at + 3] !== CR) break;
      length = length * 10 + digit;
      from = at + 5;
    }
    const to = from + length;
    if (buf[from - 1] !== LF || to + 2 > end || length > length_max) break;
    if (buf[to] !== CR || buf[to + 1] !== LF) break;
    args.push(from, to);
    at = to + 2;
  }
  return at;
}
