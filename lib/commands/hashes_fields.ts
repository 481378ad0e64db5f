/**
 * The tail of the commands on the expiry of fields: `FIELDS numfields field [field ...]`, with the
 * errors of Redis 7.4.
 */

import type { Context } from "./context.ts";

const MISSING = "ERR Mandatory argument FIELDS is missing or not at the right position";
const MISMATCH = "ERR The `numfields` parameter must match the number of arguments";

/**
 * Reads the tail that begins at argument `at`.
 *
 * @param invalidCount the error where the count is not a positive integer.
 * @returns the offset of the first field; undefined: it makes no sense, which has been answered.
 */
export function readFields(
  { args, reply }: Context,
  at: number,
  invalidCount: string,
): number | undefined {
  if (at + 1 >= args.count || !args.is(at, "FIELDS")) {
    reply.error(MISSING);
    return undefined;
  }
  const count = args.int64(at + 1);
  if (count === undefined || count < 1) {
    reply.error(invalidCount);
    return undefined;
  }
  const first = at + 2;
  if (count !== args.count - first) {
    reply.error(MISMATCH);
    return undefined;
  }
  return first;
}
