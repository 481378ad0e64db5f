/**
 * Places by name: GEOADD GEODIST GEOHASH GEOPOS.
 *
 * GEOADD is logged as the ZADD that it comes to.
 */

import { NONE } from "../keyspace/database.ts";
import { newBytes } from "../memory/bytes.ts";
import type { Part } from "../resp/encoder.ts";
import {
  GEOHASH_LENGTH,
  latitudeOf,
  longitudeOf,
  scoreOf,
  writeGeohash,
} from "../types/geo/cell.ts";
import { distance_m } from "../types/geo/distance.ts";
import { AddRule } from "../types/zset/zset_writer.ts";
import { Zset } from "../types/zset/zset.ts";
import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { pointAt, replyDistance, replyPoint, unitAt } from "./geo_arguments.ts";
import { addScored, COUNT_CHANGED, scoreScratch } from "./zset_write.ts";

/** Arguments of GEOADD that make up one place. */
const PLACE_ARGUMENTS = 3;

const zset = new Zset();
const geohashBytes = newBytes(GEOHASH_LENGTH);

/** Reads the options of GEOADD: their bits, and the argument behind them. */
function readAddOptions({ args }: Context): { rules: number; first: number } {
  let rules = 0;
  let first = 2;
  for (; first < args.count; first++) {
    if (args.is(first, "NX")) rules |= AddRule.onlyNew;
    else if (args.is(first, "XX")) rules |= AddRule.onlyExisting;
    else if (args.is(first, "CH")) rules |= COUNT_CHANGED;
    else break;
  }
  return { rules, first };
}

/** Logs GEOADD as a ZADD with the same options. */
function logAdded(ctx: Context, first: number, scores: Float64Array): void {
  if (!ctx.server.effects.active) return ctx.logNothing();
  const { args } = ctx;
  const parts: Part[] = [];
  for (let i = 2; i < first; i++) parts.push(args.bytes(i));
  for (let i = first; i < args.count; i += PLACE_ARGUMENTS) {
    parts.push(scores[(i - first) / PLACE_ARGUMENTS], args.bytes(i + 2));
  }
  ctx.logParts(["ZADD", args.bytes(1), ...parts]);
}

const geoadd = command({
  name: "geoadd",
  arity: -5,
  flags: ["write", "denyoom"],
  acl: ["geo"],
  keys: [keyAt(1, "RW UPDATE")],
  group: "geo",
  since: "3.2.0",
  history: [["6.2.0", "Added the `CH`, `NX` and `XX` options."]],
  summary: "Adds places to a sorted set.",
  complexity: "O(log(N)) for each place, where N is the size of the sorted set.",
  syntax: "key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]",
  run(ctx) {
    const { args, reply } = ctx;
    const { rules, first } = readAddOptions(ctx);
    const places = (args.count - first) / PLACE_ARGUMENTS;
    const both = AddRule.onlyNew | AddRule.onlyExisting;
    if (places === 0 || !Number.isInteger(places) || (rules & both) === both) {
      return reply.error(SYNTAX_ERROR);
    }
    const scores = scoreScratch(places);
    for (let place = 0; place < places; place++) {
      const point = pointAt(ctx, first + PLACE_ARGUMENTS * place);
      if (point === undefined) return;
      scores[place] = scoreOf(point.longitude, point.latitude);
    }
    if (addScored(ctx, rules, first + 2, PLACE_ARGUMENTS, places)) logAdded(ctx, first, scores);
  },
});

/** What the records of commands that read have in common. */
const reading = {
  flags: ["readonly"],
  acl: ["geo"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "geo",
  since: "3.2.0",
} satisfies Partial<CommandRecord>;

const geodist = command({
  ...reading,
  name: "geodist",
  arity: -4,
  summary: "Returns the distance between two places.",
  complexity: "O(1)",
  syntax: "key member1 member2 [M | KM | FT | MI]",
  run(ctx) {
    const { args, db, reply } = ctx;
    if (args.count > 5) return reply.error(SYNTAX_ERROR);
    const unit_m = args.count === 5 ? unitAt(ctx, 4) : 1;
    if (unit_m === undefined) return;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "zset")) return;
    if (ref === NONE) return reply.null();
    zset.open(db, ref);
    if (!zset.find(args.buf, args.start(2), args.end(2))) return reply.null();
    const { score } = zset;
    if (!zset.find(args.buf, args.start(3), args.end(3))) return reply.null();
    const distance = distance_m(
      longitudeOf(score),
      latitudeOf(score),
      longitudeOf(zset.score),
      latitudeOf(zset.score),
    );
    replyDistance(reply, distance / unit_m);
  },
});

/** Answers an array with what `found` and `missing` make of each member from argument 2 on. */
function forMembers(ctx: Context, found: (score: number) => void, missing: () => void): void {
  const { args, db, reply } = ctx;
  const ref = db.lookup(args, 1);
  if (!ctx.check(ref, "zset")) return;
  if (ref !== NONE) zset.open(db, ref);
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    if (ref !== NONE && zset.find(args.buf, args.start(i), args.end(i))) found(zset.score);
    else missing();
  }
}

const geohash = command({
  ...reading,
  name: "geohash",
  arity: -2,
  summary: "Returns places as standard geohashes.",
  complexity: "O(1) for each place.",
  syntax: "key member [member ...]",
  run(ctx) {
    const { reply } = ctx;
    forMembers(ctx, (score) => {
      writeGeohash(geohashBytes, score);
      reply.bulk(geohashBytes, 0, GEOHASH_LENGTH);
    }, () => reply.null());
  },
});

const geopos = command({
  ...reading,
  name: "geopos",
  arity: -2,
  summary: "Returns the longitudes and latitudes of places.",
  complexity: "O(1) for each place.",
  syntax: "key member [member ...]",
  run(ctx) {
    const { reply } = ctx;
    forMembers(
      ctx,
      (score) => replyPoint(reply, longitudeOf(score), latitudeOf(score)),
      () => reply.nullArray(),
    );
  },
});

/** GEOADD GEODIST GEOHASH GEOPOS. */
export const geoPlaceCommands: readonly Command[] = [geoadd, geodist, geohash, geopos];
