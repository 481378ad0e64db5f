/**
 * Sorting lists, sets and sorted sets: SORT SORT_RO. Options and patterns (`sort_options.ts`), the
 * elements (`sort_elements.ts`), looking up (`sort_lookup.ts`), the order (`sort_order.ts`), and what
 * is logged (`sort_log.ts`).
 *
 * Promise: an error changes nothing; without an order to be found (BY nosort) no more elements are
 * copied than are asked for.
 */

import { NONE, type Ref } from "../keyspace/database.ts";
import { keyEvent } from "../keyspace/events.ts";
import { ListBuilder } from "../types/list/build.ts";
import { type PackedLimits, ZsetWriter } from "../types/zset/zset_writer.ts";
import { type Command, command, keyAt, type KeySpec } from "./command.ts";
import { type Context, WRONG_TYPE } from "./context.ts";
import { storeNothing } from "./empty_result.ts";
import { ByteList, sourceAt } from "./sort_elements.ts";
import { SortLookup } from "./sort_lookup.ts";
import { ListLog, replaysAlike } from "./sort_log.ts";
import { findStore, readSortOptions, type SortOptions } from "./sort_options.ts";
import { sortedOrder, unsortedOrder } from "./sort_order.ts";

const SORTSTORE = keyEvent("sortstore", "list");

const NOT_NUMBERS = "ERR One or more scores can't be converted into double";

const writer = new ZsetWriter();
/** Nothing is added to the set. */
const NO_LIMITS: PackedLimits = { entries_max: 0, member_bytes_max: 0 };

/** What comes out: these of the elements, in this order. */
interface Result {
  readonly elements: ByteList;
  readonly order: Uint32Array;
}

const EMPTY: Result = { elements: new ByteList(0), order: new Uint32Array(0) };

function run(ctx: Context, mayStore: boolean): void {
  const options = readSortOptions(ctx, mayStore);
  if (options === undefined) return;
  const lookup = new SortLookup(ctx.db, ctx.args);
  const result = sort(ctx, options, lookup);
  if (result === undefined) return;
  if (options.storeAt > 0) storeResult(ctx, result, options, lookup);
  else replyResult(ctx, result, options, lookup);
}

/** Undefined: the error is answered. */
function sort(ctx: Context, options: SortOptions, lookup: SortLookup): Result | undefined {
  const { args, db, reply } = ctx;
  let ref = db.lookup(args, 1);
  if (ref === NONE) return EMPTY;
  if (db.type(ref) === "zset") ref = unpackZset(ctx, ref);
  const source = sourceAt(db, ref);
  if (source === undefined) {
    reply.error(WRONG_TYPE);
    return undefined;
  }
  if (options.unsorted && options.storeAt > 0 && source.type === "set") {
    // The members of a set come in any order, and what is stored must not depend on it.
    options.unsorted = false;
    options.alpha = true;
    options.by = undefined;
  }
  const { size } = source;
  const start = Math.min(Math.max(options.offset, 0), size);
  const count = Math.min(options.count < 0 ? size : options.count, size - start);
  if (options.unsorted) {
    const elements = source.copy(start, start + count - 1, options.descending);
    return { elements, order: unsortedOrder(elements) };
  }
  const elements = source.copy(0, size - 1, false);
  const order = sortedOrder(elements, options, lookup, source.type === "list");
  if (order === undefined) {
    reply.error(NOT_NUMBERS);
    return undefined;
  }
  return { elements, order: order.subarray(start, start + count) };
}

/** Redis sorts large sorted sets only: a packed one becomes large, and stays so (OBJECT ENCODING). */
function unpackZset({ args, db }: Context, ref: Ref): Ref {
  db.preserve(ref);
  writer.open(db, args, 1, ref, NO_LIMITS).unpack();
  return writer.ref;
}

function replyResult(
  { reply }: Context,
  { elements, order }: Result,
  { gets }: SortOptions,
  lookup: SortLookup,
): void {
  const { bytes } = elements;
  reply.array(order.length * Math.max(gets.length, 1));
  for (const i of order) {
    const [start, end] = [elements.start(i), elements.end(i)];
    if (gets.length === 0) reply.bulk(bytes, start, end);
    for (const pattern of gets) {
      if (lookup.find(pattern, bytes, start, end)) {
        reply.bulk(lookup.bytes, lookup.start, lookup.end);
      } else {
        reply.null();
      }
    }
  }
}

/** Stores the result as a list, what is not found as an empty element. */
function storeResult(ctx: Context, result: Result, options: SortOptions, lookup: SortLookup): void {
  const { args, db, reply } = ctx;
  const { storeAt } = options;
  const list = new ListBuilder(ctx.server.config.values["list-max-listpack-size"]);
  const log = new ListLog(ctx, storeAt, replaysAlike(options));
  eachOutput(result, options, lookup, (bytes, start, end) => {
    list.push(bytes, start, end);
    log.push(bytes, start, end);
  });
  if (list.length > 0) {
    list.store(db, db.lookupWrite(args, storeAt), args, storeAt);
    log.end();
    db.changed(SORTSTORE, args, storeAt);
  } else if (storeNothing(db, args, storeAt)) {
    log.end();
  }
  reply.integer(list.length);
}

/** Shows what is to be stored, in order. */
function eachOutput(
  { elements, order }: Result,
  { gets }: SortOptions,
  lookup: SortLookup,
  visit: (bytes: Uint8Array, start: number, end: number) => void,
): void {
  const { bytes } = elements;
  for (const i of order) {
    const [start, end] = [elements.start(i), elements.end(i)];
    if (gets.length === 0) visit(bytes, start, end);
    for (const pattern of gets) {
      if (lookup.find(pattern, bytes, start, end)) visit(lookup.bytes, lookup.start, lookup.end);
      else visit(bytes, 0, 0);
    }
  }
}

const PATTERNS: KeySpec = {
  flags: ["RO", "ACCESS"],
  begin: "unknown",
  find: "unknown",
  notes: "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive " +
    "from the content of the key we sort",
};
const STORE: KeySpec = {
  flags: ["OW", "UPDATE"],
  begin: "unknown",
  find: "unknown",
  notes: "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear " +
    "anywhere in the argument array",
};
const ACL = ["set", "sortedset", "list", "dangerous"];
const COMPLEXITY = "O(N+M*log(M)) where N is the number of elements and M the number of those " +
  "returned; O(N) where nothing is sorted.";
const SYNTAX = "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] " +
  "[ASC | DESC] [ALPHA]";

const sortCommand = command({
  name: "sort",
  arity: -2,
  flags: ["write", "denyoom", "movablekeys"],
  acl: ACL,
  keys: [keyAt(1, "RO ACCESS"), PATTERNS, STORE],
  group: "generic",
  since: "1.0.0",
  summary: "Sorts the elements of a list, a set or a sorted set, and returns or stores them.",
  complexity: COMPLEXITY,
  syntax: `${SYNTAX} [STORE destination]`,
  findKeys(args) {
    const storeAt = findStore(args);
    return storeAt > 0 ? [1, storeAt] : [1];
  },
  run: (ctx) => run(ctx, true),
});

const sortRo = command({
  name: "sort_ro",
  arity: -2,
  flags: ["readonly", "movablekeys"],
  acl: ACL,
  keys: [keyAt(1, "RO ACCESS"), PATTERNS],
  group: "generic",
  since: "7.0.0",
  summary: "Returns the elements of a list, a set or a sorted set in order.",
  complexity: COMPLEXITY,
  syntax: SYNTAX,
  findKeys: () => [1],
  run: (ctx) => run(ctx, false),
});

/** SORT SORT_RO. */
export const sortCommands: readonly Command[] = [sortCommand, sortRo];
