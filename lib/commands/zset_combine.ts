/**
 * Combining sorted sets and sets: ZUNION ZINTER ZDIFF, which answer the result, ZUNIONSTORE
 * ZINTERSTORE ZDIFFSTORE, which store it, and ZINTERCARD, which counts it.
 *
 * Promise: the same scores as Redis to the last bit: the smallest set comes first, sums are taken in
 * that order, and what is not a number becomes 0.
 */

import { type KeyEvent, keyEvent } from "../keyspace/events.ts";
import { parseDouble } from "../numbers/double.ts";
import { MemberList } from "../types/zset/member_list.ts";
import { type Command, command, type CommandRecord, countedKeys, keyAt } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { replyMembers, storeResult } from "./zset_replies.ts";
import { readSources, type Source } from "./zset_sources.ts";

const NO_WEIGHT = "ERR weight value is not a float";
const NEGATIVE_LIMIT = "ERR LIMIT can't be negative";

const ZUNIONSTORE = keyEvent("zunionstore", "zset");
const ZINTERSTORE = keyEvent("zinterstore", "zset");
const ZDIFFSTORE = keyEvent("zdiffstore", "zset");

type Operation = "union" | "inter" | "diff";
/** What becomes of the scores of one member in two sets. */
type Aggregate = (a: number, b: number) => number;

const sum: Aggregate = (a, b) => numberOrZero(a + b);
const min: Aggregate = (a, b) => b < a ? b : a;
const max: Aggregate = (a, b) => b > a ? b : a;

/** Infinities of both signs, and infinity times zero, come to nothing. */
function numberOrZero(score: number): number {
  return Number.isNaN(score) ? 0 : score;
}

interface Options {
  aggregate: Aggregate;
  withScores: boolean;
}

/** The options from argument `first` on; weights go to the sources. Undefined: an error. */
function readOptions(
  ctx: Context,
  first: number,
  sources: readonly Source[],
  operation: Operation,
  stores: boolean,
): Options | undefined {
  const { args, reply } = ctx;
  const options: Options = { aggregate: sum, withScores: false };
  for (let i = first; i < args.count; i++) {
    const left = args.count - i - 1;
    if (operation !== "diff" && left >= sources.length && args.is(i, "WEIGHTS")) {
      if (!readWeights(ctx, i + 1, sources)) return undefined;
      i += sources.length;
    } else if (operation !== "diff" && left >= 1 && args.is(i, "AGGREGATE")) {
      const aggregate = aggregateAt(ctx, ++i);
      if (aggregate === undefined) return void reply.error(SYNTAX_ERROR);
      options.aggregate = aggregate;
    } else if (!stores && args.is(i, "WITHSCORES")) {
      options.withScores = true;
    } else {
      return void reply.error(SYNTAX_ERROR);
    }
  }
  return options;
}

function readWeights({ args, reply }: Context, first: number, sources: readonly Source[]): boolean {
  for (const [k, source] of sources.entries()) {
    const weight = parseDouble(args.buf, args.start(first + k), args.end(first + k));
    if (weight === undefined) {
      reply.error(NO_WEIGHT);
      return false;
    }
    source.weight = weight;
  }
  return true;
}

function aggregateAt({ args }: Context, i: number): Aggregate | undefined {
  if (args.is(i, "SUM")) return sum;
  if (args.is(i, "MIN")) return min;
  return args.is(i, "MAX") ? max : undefined;
}

/** The result of a command, in room that the next one takes again. */
let members: MemberList | undefined;

/** The members of the result, in no order. */
function combine(
  ctx: Context,
  operation: Operation,
  sources: Source[],
  aggregate: Aggregate,
): MemberList {
  const { seed } = ctx.server.keyspace;
  if (members === undefined) members = new MemberList(seed);
  else members.clear(seed);
  if (operation === "diff") subtract(sources, members);
  else if (operation === "union") unite(bySize(sources), aggregate, members);
  else intersect(bySize(sources), aggregate, members);
  return members;
}

/** Sorts sources; those of one size stay in the order in which they were named. */
function bySize(sources: Source[]): Source[] {
  if (sources.length === 2 && sources[0].size <= sources[1].size) return sources;
  return sources.sort((a, b) => a.size - b.size);
}

function unite(sources: readonly Source[], aggregate: Aggregate, members: MemberList): void {
  for (const source of sources) {
    const isFirst = members.count === 0;
    source.forEach((buf, start, end, score) => {
      const weighted = numberOrZero(score * source.weight);
      const at = isFirst ? -1 : members.find(buf, start, end);
      if (at < 0) members.add(buf, start, end, weighted);
      else members.setScore(at, aggregate(members.scoreOf(at), weighted));
    });
  }
}

function intersect(sources: readonly Source[], aggregate: Aggregate, members: MemberList): void {
  const first = sources[0];
  first.forEach((buf, start, end, score) => {
    let result = numberOrZero(score * first.weight);
    for (let k = 1; k < sources.length; k++) {
      const other = sources[k];
      if (!other.find(buf, start, end)) return;
      result = aggregate(result, other.score * other.weight);
    }
    members.add(buf, start, end, result);
  });
}

/** Whether all sources but the first have a member. */
function isInAll(
  sources: readonly Source[],
  buf: Uint8Array,
  start: number,
  end: number,
): boolean {
  for (let k = 1; k < sources.length; k++) if (!sources[k].find(buf, start, end)) return false;
  return true;
}

function subtract(sources: readonly Source[], members: MemberList): void {
  sources[0].forEach((buf, start, end, score) => {
    for (let k = 1; k < sources.length; k++) if (sources[k].find(buf, start, end)) return;
    members.add(buf, start, end, score);
  });
}

/** ZUNION ZINTER ZDIFF. */
function replyCombined(ctx: Context, operation: Operation): void {
  const sources = readSources(ctx, 1);
  if (sources === undefined) return;
  const options = readOptions(ctx, sources.after, sources.list, operation, false);
  if (options === undefined) return;
  const members = combine(ctx, operation, sources.list, options.aggregate);
  members.sort();
  replyMembers(ctx.reply, members, options.withScores);
}

/** ZUNIONSTORE ZINTERSTORE ZDIFFSTORE. */
function storeCombined(ctx: Context, operation: Operation, event: KeyEvent): void {
  const sources = readSources(ctx, 2);
  if (sources === undefined) return;
  const options = readOptions(ctx, sources.after, sources.list, operation, true);
  if (options === undefined) return;
  const members = combine(ctx, operation, sources.list, options.aggregate);
  storeResult(ctx, 1, members, event);
}

/** What the records of commands that answer have in common ... */
const answering = {
  arity: -3,
  flags: ["readonly", "movablekeys"],
  acl: ["sortedset"],
  keys: [countedKeys(1, "RO ACCESS")],
  group: "sorted-set",
  since: "6.2.0",
} satisfies Partial<CommandRecord>;

/** ... and those of commands that store. */
const storing = {
  arity: -4,
  flags: ["write", "denyoom", "movablekeys"],
  acl: ["sortedset"],
  keys: [keyAt(1, "OW UPDATE"), countedKeys(2, "RO ACCESS")],
  group: "sorted-set",
} satisfies Partial<CommandRecord>;

const UNION_COST = "O(N)+O(M log(M)) where N is the sum of the sizes of the sets, and M is the " +
  "size of the result.";
const INTER_COST = "O(N*K)+O(M*log(M)) where N is the size of the smallest set, K is the number " +
  "of sets, and M is the size of the result.";
const DIFF_COST = "O(N*K)+O(M*log(M)) where N is the size of the first set, K is the number of " +
  "sets, and M is the size of the result.";

const zunion = command({
  ...answering,
  name: "zunion",
  summary: "Returns the members that are in any of several sorted sets.",
  complexity: UNION_COST,
  syntax: "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] " +
    "[WITHSCORES]",
  run: (ctx) => replyCombined(ctx, "union"),
});

const zinter = command({
  ...answering,
  name: "zinter",
  summary: "Returns the members that are in all of several sorted sets.",
  complexity: INTER_COST,
  syntax: "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] " +
    "[WITHSCORES]",
  run: (ctx) => replyCombined(ctx, "inter"),
});

const zdiff = command({
  ...answering,
  name: "zdiff",
  summary: "Returns the members of a sorted set that are in none of the others.",
  complexity: DIFF_COST,
  syntax: "numkeys key [key ...] [WITHSCORES]",
  run: (ctx) => replyCombined(ctx, "diff"),
});

const zunionstore = command({
  ...storing,
  name: "zunionstore",
  since: "2.0.0",
  summary: "Stores the members that are in any of several sorted sets.",
  complexity: UNION_COST,
  syntax: "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] " +
    "[AGGREGATE <SUM | MIN | MAX>]",
  run: (ctx) => storeCombined(ctx, "union", ZUNIONSTORE),
});

const zinterstore = command({
  ...storing,
  name: "zinterstore",
  since: "2.0.0",
  summary: "Stores the members that are in all of several sorted sets.",
  complexity: INTER_COST,
  syntax: "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] " +
    "[AGGREGATE <SUM | MIN | MAX>]",
  run: (ctx) => storeCombined(ctx, "inter", ZINTERSTORE),
});

const zdiffstore = command({
  ...storing,
  name: "zdiffstore",
  since: "6.2.0",
  summary: "Stores the members of a sorted set that are in none of the others.",
  complexity: DIFF_COST,
  syntax: "destination numkeys key [key ...]",
  run: (ctx) => storeCombined(ctx, "diff", ZDIFFSTORE),
});

const zintercard = command({
  ...answering,
  name: "zintercard",
  since: "7.0.0",
  summary: "Counts the members that are in all of several sorted sets.",
  complexity: "O(N*K) where N is the size of the smallest set, and K is the number of sets.",
  syntax: "numkeys key [key ...] [LIMIT limit]",
  run(ctx) {
    const { args, reply } = ctx;
    const sources = readSources(ctx, 1);
    if (sources === undefined) return;
    let limit: number | bigint | undefined = 0;
    for (let i = sources.after; i < args.count; i += 2) {
      if (i + 1 === args.count || !args.is(i, "LIMIT")) return reply.error(SYNTAX_ERROR);
      limit = ctx.integer(i + 1, NEGATIVE_LIMIT);
      if (limit === undefined) return;
      if (limit < 0) return reply.error(NEGATIVE_LIMIT);
    }
    const list = bySize(sources.list);
    let count = 0;
    list[0].forEach((buf, start, end) => {
      if (isInAll(list, buf, start, end)) count++;
      return limit === 0 || count < Number(limit);
    });
    reply.integer(count);
  },
});

/** The commands of this file. */
export const zsetCombineCommands: readonly Command[] = [
  zunion,
  zinter,
  zdiff,
  zunionstore,
  zinterstore,
  zdiffstore,
  zintercard,
];
