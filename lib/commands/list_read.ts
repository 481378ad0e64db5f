/** Reading lists: LLEN LINDEX LRANGE LPOS. */

import { NONE } from "../keyspace/database.ts";
import { equalBytes } from "../memory/bytes.ts";
import { INT64_MIN } from "../numbers/int64.ts";
import type { Args } from "../resp/args.ts";
import { listLength } from "../types/list/list.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { cursor } from "./list_common.ts";

const RANK_ZERO =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second " +
  "... or use negative to start from the end of the list";
const COUNT_NEGATIVE = "ERR COUNT can't be negative";
const MAXLEN_NEGATIVE = "ERR MAXLEN can't be negative";

const llen = command({
  name: "llen",
  arity: 2,
  flags: ["readonly", "fast"],
  acl: ["list"],
  keys: [keyAt(1, "RO")],
  group: "list",
  since: "1.0.0",
  summary: "Returns how many elements a list has.",
  complexity: "O(1)",
  syntax: "key",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "list")) return;
    reply.integer(ref === NONE ? 0 : listLength(db, ref));
  },
});

const lindex = command({
  name: "lindex",
  arity: 3,
  flags: ["readonly"],
  acl: ["list"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "list",
  since: "1.0.0",
  summary: "Returns the element at a place of a list.",
  complexity: "O(N) where N is the number of elements to traverse to get to the element at index." +
    " This makes asking for the first or the last element of the list O(1).",
  syntax: "key index",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "list")) return;
    if (ref === NONE) return reply.null();
    const index = ctx.integer(2);
    if (index === undefined) return;

    cursor.open(db, ref);
    const at = index < 0 ? cursor.length + Number(index) : Number(index);
    if (at < 0 || at >= cursor.length) return reply.null();
    cursor.seek(at);
    cursor.next();
    reply.bulk(cursor.bytes, cursor.start, cursor.end);
  },
});

const lrange = command({
  name: "lrange",
  arity: 4,
  flags: ["readonly"],
  acl: ["list"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "list",
  since: "1.0.0",
  summary: "Returns the elements of a list from one place to another.",
  complexity: "O(S+N) where S is the distance of start offset from HEAD for small lists, from " +
    "nearest end (HEAD or TAIL) for large lists; and N is the number of elements in the " +
    "specified range.",
  syntax: "key start stop",
  run(ctx) {
    const { args, db, reply } = ctx;
    const start = ctx.integer(2);
    if (start === undefined) return;
    const stop = ctx.integer(3);
    if (stop === undefined) return;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "list")) return;
    if (ref === NONE) return reply.array(0);

    cursor.open(db, ref);
    const { length } = cursor;
    const from = Math.max(start < 0 ? length + Number(start) : Number(start), 0);
    const last = Math.min(stop < 0 ? length + Number(stop) : Number(stop), length - 1);
    if (from > last) return reply.array(0);
    reply.array(last - from + 1);
    cursor.seek(from);
    for (let left = last - from + 1; left > 0; left--) {
      cursor.next();
      reply.bulk(cursor.bytes, cursor.start, cursor.end);
    }
  },
});

const lpos = command({
  name: "lpos",
  arity: -3,
  flags: ["readonly"],
  acl: ["list"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "list",
  since: "6.0.6",
  summary: "Returns at which places of a list an element stands.",
  complexity: "O(N) where N is the number of elements in the list, for the average case. When " +
    "searching for elements near the head or the tail of the list, or when the MAXLEN option is " +
    "provided, the command may run in constant time.",
  syntax: "key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const options = positionOptions(ctx);
    if (options === undefined) return;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "list")) return;

    const several = options.count !== undefined;
    if (ref === NONE) return several ? reply.array(0) : reply.null();
    cursor.open(db, ref);
    const places = findPlaces(args, 2, options);
    if (!several) return places.length > 0 ? reply.integer(places[0]) : reply.null();
    reply.array(places.length);
    for (const place of places) reply.integer(place);
  },
});

/** The options of LPOS. */
interface PositionOptions {
  /** From which match on; negative: from the end. */
  rank: number;
  /** How many matches, Infinity: all; undefined: one, and not as an array. */
  count: number | undefined;
  /** How many elements are compared. */
  length_max: number;
}

/** Reads what follows the element; undefined: an error has been answered. */
function positionOptions(ctx: Context): PositionOptions | undefined {
  const { args, reply } = ctx;
  const options: PositionOptions = { rank: 1, count: undefined, length_max: Infinity };
  for (let i = 3; i < args.count; i += 2) {
    if (i + 1 >= args.count) return void reply.error(SYNTAX_ERROR);
    if (args.is(i, "RANK")) {
      const rank = ctx.integer(i + 1);
      if (rank === undefined) return undefined;
      if (rank === 0) return void reply.error(RANK_ZERO);
      // The smallest int64 has no negation: Redis takes any match for it, from the end.
      options.rank = rank === INT64_MIN ? -1 : Number(rank);
    } else if (args.is(i, "COUNT")) {
      const count = ctx.integer(i + 1, COUNT_NEGATIVE);
      if (count === undefined) return undefined;
      if (count < 0) return void reply.error(COUNT_NEGATIVE);
      options.count = Number(count) || Infinity;
    } else if (args.is(i, "MAXLEN")) {
      const length = ctx.integer(i + 1, MAXLEN_NEGATIVE);
      if (length === undefined) return undefined;
      if (length < 0) return void reply.error(MAXLEN_NEGATIVE);
      options.length_max = Number(length) || Infinity;
    } else {
      return void reply.error(SYNTAX_ERROR);
    }
  }
  return options;
}

/** The places in the list under the cursor where argument `i` stands, as the options ask. */
function findPlaces(args: Args, i: number, options: PositionOptions): number[] {
  const { buf } = args;
  const start = args.start(i);
  const length = args.length(i);
  const total = cursor.length;
  const backwards = options.rank < 0;
  const compared = Math.min(total, options.length_max);
  const wanted = options.count ?? 1;
  const places: number[] = [];
  let toSkip = Math.abs(options.rank) - 1;
  if (backwards) cursor.seekEnd();
  for (let step = 0; step < compared && places.length < wanted; step++) {
    if (backwards) cursor.previous();
    else cursor.next();
    if (cursor.end - cursor.start !== length) continue;
    if (!equalBytes(cursor.bytes, cursor.start, buf, start, length)) continue;
    if (toSkip > 0) toSkip--;
    else places.push(backwards ? total - 1 - step : step);
  }
  return places;
}

/** LLEN LINDEX LRANGE LPOS. */
export const listReadCommands: readonly Command[] = [llen, lindex, lrange, lpos];
