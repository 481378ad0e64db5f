/**
 * Sorting lists, sets and sorted sets: SORT SORT_RO. Options and patterns (`sort_options.ts`), the
 * elements (`sort_elements.ts`), looking up (`sort_lookup.ts`), the order (`sort_order.ts`,
 * `sort_selection.ts`), and what is logged (`sort_log.ts`).
 *
 * Promise: an error changes nothing; without an order to be found (BY nosort) no more elements are
 * copied than are asked for.
 */

import { NONE, type Ref } from "../keyspace/database.ts";
import { keyEvent } from "../keyspace/events.ts";
import { ListBuilder } from "../types/list/build.ts";
import { type PackedLimits, ZsetWriter } from "../types/zset/zset_writer.ts";
import { ByteList } from "./byte_list.ts";
import { type Command, command, keyAt, type KeySpec } from "./command.ts";
import { type Context, WRONG_TYPE } from "./context.ts";
import { storeNothing } from "./empty_result.ts";
import { Source } from "./sort_elements.ts";
import { SortLookup } from "./sort_lookup.ts";
import { ListLog, replaysAlike } from "./sort_log.ts";
import { Order } from "./sort_selection.ts";
import { findStore, readSortOptions, type SortOptions } from "./sort_options.ts";
import { Weights } from "./sort_order.ts";

const SORTSTORE = keyEvent("sortstore", "list");

const NOT_NUMBERS = "ERR One or more scores can't be converted into double";

const writer = new ZsetWriter();
/** Nothing is added to the set. */
const NO_LIMITS: PackedLimits = { entries_max: 0, member_bytes_max: 0 };

// One command after another uses these: making them anew costs more than sorting a short list.
const source = new Source();
const elements = new ByteList();
const lookup = new SortLookup();
const weights = new Weights();
const order = new Order();

/** What comes out: the elements with the numbers `order.numbers[first .. end)`. */
interface Result {
  readonly first: number;
  readonly end: number;
}

const EMPTY: Result = { first: 0, end: 0 };

function run(ctx: Context, mayStore: boolean): void {
  const options = readSortOptions(ctx, mayStore);
  if (options === undefined) return;
  lookup.open(ctx.db, ctx.args);
  const result = sort(ctx, options);
  if (result !== undefined) {
    if (options.storeAt > 0) storeResult(ctx, result, options);
    else replyResult(ctx, result, options);
  }
  elements.release();
  weights.release();
  order.release();
}

/** Undefined: the error is answered. */
function sort(ctx: Context, options: SortOptions): Result | undefined {
  const { args, db, reply } = ctx;
  let ref = db.lookup(args, 1);
  if (ref === NONE) return EMPTY;
  if (db.type(ref) === "zset") ref = unpackZset(ctx, ref);
  if (!source.open(db, ref)) {
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
  const first = Math.min(Math.max(options.offset, 0), size);
  const count = Math.min(options.count < 0 ? size : options.count, size - first);
  if (options.unsorted) {
    source.copy(first, first + count - 1, options.descending, elements);
    order.fill(count);
    return { first: 0, end: count };
  }
  source.copy(0, size - 1, false, elements);
  if (!weights.load(elements, options, lookup, source.type === "list")) {
    reply.error(NOT_NUMBERS);
    return undefined;
  }
  order.sort(size, first + count, weights);
  return { first, end: first + count };
}

/** Redis sorts large sorted sets only: a packed one becomes large, and stays so (OBJECT ENCODING). */
function unpackZset({ args, db }: Context, ref: Ref): Ref {
  db.preserve(ref);
  writer.open(db, args, 1, ref, NO_LIMITS).unpack();
  return writer.ref;
}

function replyResult({ reply }: Context, { first, end }: Result, { gets }: SortOptions): void {
  const { bytes } = elements;
  const { numbers } = order;
  reply.array((end - first) * Math.max(gets.length, 1));
  for (let at = first; at < end; at++) {
    const i = numbers[at];
    if (gets.length === 0) {
      reply.bulk(bytes, elements.start(i), elements.end(i));
      continue;
    }
    for (const pattern of gets) {
      if (lookup.find(pattern, bytes, elements.start(i), elements.end(i))) {
        reply.bulk(lookup.bytes, lookup.start, lookup.end);
      } else {
        reply.null();
      }
    }
  }
}

/** Stores the result as a list, what is not found as an empty element. */
function storeResult(ctx: Context, result: Result, options: SortOptions): void {
  const { args, db, reply } = ctx;
  const { storeAt } = options;
  const list = new ListBuilder(ctx.server.config.values["list-max-listpack-size"]);
  const log = new ListLog(ctx, storeAt, replaysAlike(options));
  eachOutput(result, options, (bytes, start, end) => {
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
  { first, end }: Result,
  { gets }: SortOptions,
  visit: (bytes: Uint8Array, start: number, end: number) => void,
): void {
  const { bytes } = elements;
  for (let at = first; at < end; at++) {
    const i = order.numbers[at];
    const [from, to] = [elements.start(i), elements.end(i)];
    if (gets.length === 0) visit(bytes, from, to);
    for (const pattern of gets) {
      if (lookup.find(pattern, bytes, from, to)) visit(lookup.bytes, lookup.start, lookup.end);
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
