/**
 * Adding and removing members of sorted sets: ZADD ZINCRBY ZREM.
 *
 * Promise: where an argument is wrong nothing has changed; a member that is added to a set makes no
 * JS object.
 */

import { NONE } from "../keyspace/database.ts";
import { keyEvent } from "../keyspace/events.ts";
import { parseDouble } from "../numbers/double.ts";
import type { Args } from "../resp/args.ts";
import { AddResult, AddRule, ZsetWriter } from "../types/zset/zset_writer.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { NOT_A_FLOAT, packedLimits, removeEmpty } from "./zset_replies.ts";

const ZADD = keyEvent("zadd", "zset");
const ZINCR = keyEvent("zincr", "zset");
const ZREM = keyEvent("zrem", "zset");

const NX_AND_XX = "ERR XX and NX options at the same time are not compatible";
const GT_LT_NX = "ERR GT, LT, and/or NX options at the same time are not compatible";
const ONE_PAIR = "ERR INCR option supports a single increment-element pair";
const NAN = "ERR resulting score is not a number (NaN)";

/** CH: count what was changed, too. A bit beside those of AddRule. */
export const COUNT_CHANGED = 1 << 8;

/** The option that argument `i` is, as a bit; 0: it is none. */
function optionAt(args: Args, i: number): number {
  const length = args.length(i);
  if (length < 2 || length > 4) return 0;
  if (args.is(i, "NX")) return AddRule.onlyNew;
  if (args.is(i, "XX")) return AddRule.onlyExisting;
  if (args.is(i, "GT")) return AddRule.onlyGreater;
  if (args.is(i, "LT")) return AddRule.onlyLess;
  if (args.is(i, "CH")) return COUNT_CHANGED;
  return args.is(i, "INCR") ? AddRule.increment : 0;
}

/** Why options do not go together with each other and so many pairs; undefined: they do. */
function conflict(rules: number, pairs: number): string | undefined {
  const { onlyNew, onlyExisting, onlyGreater, onlyLess, increment } = AddRule;
  if ((rules & onlyNew) !== 0 && (rules & onlyExisting) !== 0) return NX_AND_XX;
  const directions = (rules & onlyGreater ? 1 : 0) + (rules & onlyLess ? 1 : 0);
  if (directions > 1 || (directions === 1 && (rules & onlyNew) !== 0)) return GT_LT_NX;
  if ((rules & increment) !== 0 && pairs > 1) return ONE_PAIR;
  return undefined;
}

let scores = new Float64Array(16);
const writer = new ZsetWriter();

/** Scores of so many members that are about to be added; to be filled in. */
export function scoreScratch(count: number): Float64Array {
  if (count > scores.length) scores = new Float64Array(count * 2);
  return scores;
}

/** ZADD, and ZINCRBY, which begins with the rule to increment. */
function addMembers(ctx: Context, rules: number): void {
  const { args, reply } = ctx;
  let first = 2;
  for (let option; first < args.count && (option = optionAt(args, first)) !== 0; first++) {
    rules |= option;
  }
  const pairs = (args.count - first) / 2;
  if (pairs === 0 || !Number.isInteger(pairs)) return reply.error(SYNTAX_ERROR);
  if (rules !== 0) {
    const reason = conflict(rules, pairs);
    if (reason !== undefined) return reply.error(reason);
  }
  const given = scoreScratch(pairs);
  for (let pair = 0; pair < pairs; pair++) {
    const i = first + 2 * pair;
    const score = parseDouble(args.buf, args.start(i), args.end(i));
    if (score === undefined) return reply.error(NOT_A_FLOAT);
    given[pair] = score;
  }
  addScored(ctx, rules, first + 1, 2, pairs);
}

/**
 * Adds `count` members, whose scores stand in {@linkcode scoreScratch}, to the sorted set in argument
 * 1 and answers: they are argument `first` and every `stride`-th after it. Returns whether something
 * has changed.
 */
export function addScored(
  ctx: Context,
  rules: number,
  first: number,
  stride: number,
  count: number,
): boolean {
  const { args, db, reply } = ctx;
  const ref = db.lookupWrite(args, 1);
  if (!ctx.check(ref, "zset")) return false;
  writer.open(db, args, 1, ref, packedLimits(ctx), count);
  const increments = (rules & AddRule.increment) !== 0;
  let added = 0;
  let changed = 0;
  let result: number = AddResult.none;
  for (let k = 0; k < count; k++) {
    const i = first + stride * k;
    result = writer.add(args.buf, args.start(i), args.end(i), scores[k], rules);
    if (result === AddResult.added) added++;
    else if (result === AddResult.changed) changed++;
    else if (result === AddResult.notANumber) {
      reply.error(NAN); // it was the only one
      return false;
    }
  }
  writer.close();
  if (added + changed > 0) db.changed(increments ? ZINCR : ZADD, args, 1);
  if (!increments) reply.integer((rules & COUNT_CHANGED) !== 0 ? added + changed : added);
  else if (result === AddResult.none) reply.null();
  else reply.double(writer.score);
  return added + changed > 0;
}

const zadd = command({
  name: "zadd",
  arity: -4,
  flags: ["write", "denyoom", "fast"],
  acl: ["sortedset"],
  keys: [keyAt(1, "RW UPDATE")],
  group: "sorted-set",
  since: "1.2.0",
  history: [
    ["2.4.0", "Accepts multiple elements."],
    ["3.0.2", "Added the `XX`, `NX`, `CH` and `INCR` options."],
    ["6.2.0", "Added the `GT` and `LT` options."],
  ],
  summary: "Adds members to a sorted set, or changes their scores.",
  complexity: "O(log(N)) for each member, where N is the size of the sorted set.",
  syntax: "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]",
  run: (ctx) => addMembers(ctx, 0),
});

const zincrby = command({
  name: "zincrby",
  arity: 4,
  flags: ["write", "denyoom", "fast"],
  acl: ["sortedset"],
  keys: [keyAt(1, "RW ACCESS UPDATE")],
  group: "sorted-set",
  since: "1.2.0",
  summary: "Adds to the score of a member of a sorted set.",
  complexity: "O(log(N)) where N is the size of the sorted set.",
  syntax: "key increment member",
  run: (ctx) => addMembers(ctx, AddRule.increment),
});

const zrem = command({
  name: "zrem",
  arity: -3,
  flags: ["write", "fast"],
  acl: ["sortedset"],
  keys: [keyAt(1, "RW DELETE")],
  group: "sorted-set",
  since: "1.2.0",
  history: [["2.4.0", "Accepts multiple elements."]],
  summary: "Removes members from a sorted set.",
  complexity: "O(M*log(N)) where N is the size of the sorted set, and M is how many are removed.",
  syntax: "key member [member ...]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookupWrite(args, 1);
    if (!ctx.check(ref, "zset")) return;
    if (ref === NONE) return reply.integer(0);
    writer.open(db, args, 1, ref, packedLimits(ctx), args.count - 2);
    let removed = 0;
    for (let i = 2; i < args.count && !writer.isEmpty; i++) {
      if (writer.remove(args.buf, args.start(i), args.end(i))) removed++;
    }
    reply.integer(removed);
    if (removed === 0) return;
    const isEmpty = writer.isEmpty;
    writer.close();
    db.changed(ZREM, args, 1);
    if (isEmpty) removeEmpty(db, writer.ref, args, 1);
  },
});

/** ZADD ZINCRBY ZREM. */
export const zsetWriteCommands: readonly Command[] = [zadd, zincrby, zrem];
