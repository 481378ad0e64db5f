/**
 * Places near others: GEOSEARCH GEOSEARCHSTORE GEORADIUS GEORADIUSBYMEMBER GEORADIUS_RO
 * GEORADIUSBYMEMBER_RO.
 *
 * A search looks at the cells of the map that cover the shape: each is a range of scores. What is stored
 * is logged as members and scores, since a distance may come out differently elsewhere.
 */

import { NONE } from "../keyspace/database.ts";
import { keyEvent } from "../keyspace/events.ts";
import { formatDouble } from "../numbers/double.ts";
import type { Part } from "../resp/encoder.ts";
import type { Reply } from "../resp/reply.ts";
import { cellNumber, cellSize, latitudeOf, longitudeOf } from "../types/geo/cell.ts";
import { FoundPlaces } from "../types/geo/found.ts";
import { coveringCells, type Shape, ShapeTest } from "../types/geo/shape.ts";
import { MemberList } from "../types/zset/member_list.ts";
import { Zset } from "../types/zset/zset.ts";
import { type Command, command, type CommandRecord, keyAt, type KeySpec } from "./command.ts";
import type { Context } from "./context.ts";
import { replyDistance, replyPoint } from "./geo_arguments.ts";
import { type SearchForm, SearchReader, type SearchRequest } from "./geo_search_arguments.ts";
import { storeResult } from "./zset_replies.ts";

const GEORADIUSSTORE = keyEvent("georadiusstore", "zset");
const GEOSEARCHSTORE = keyEvent("geosearchstore", "zset");
/** Members in one ZADD of the log. */
const LOGGED_MEMBERS = 256;

const zset = new Zset();

const found = new FoundPlaces();

/** What is to be stored; made when it is first needed. */
let stored: MemberList | undefined;

/** Finds the places in a shape, cell by cell; no more than `count_max` unless that is 0. */
function search(shape: Shape, count_max: number): void {
  const test = new ShapeTest(shape);
  for (const cell of coveringCells(shape)) {
    const size = cellSize(cell.steps);
    const min = cellNumber(cell) * size;
    const max = min + size;
    zset.seekScore(min);
    for (let score; (score = zset.nextScore) < max;) {
      const latitude = latitudeOf(score);
      const distance_m = test.mayReach(latitude)
        ? test.distanceTo_m(longitudeOf(score), latitude)
        : -1;
      if (distance_m < 0) {
        zset.skip();
        continue;
      }
      zset.step();
      found.add(zset.bytes, zset.start, zset.end, score, distance_m);
      if (found.count === count_max) return;
    }
  }
}

/** Finds the places that a request asks for, in its order. */
function find({ shape, firstFound, count, order }: SearchRequest): void {
  found.clear();
  if (shape === undefined) return;
  search(shape, firstFound ? count : 0);
  if (order !== undefined) found.sort(order === "desc");
  if (count > 0) found.cut(count);
}

function replyFound(reply: Reply, request: SearchRequest): void {
  const { withDistance, withHash, withPoint, shape } = request;
  const extras = (withDistance ? 1 : 0) + (withHash ? 1 : 0) + (withPoint ? 1 : 0);
  reply.array(found.count);
  for (let i = 0; i < found.count; i++) {
    if (extras > 0) reply.array(1 + extras);
    reply.bulk(found.bytesAt(i), found.startAt(i), found.endAt(i));
    const score = found.scoreAt(i);
    if (withDistance) replyDistance(reply, found.distanceAt_m(i) / shape!.unit_m);
    if (withHash) reply.integer(hashInteger(score));
    if (withPoint) replyPoint(reply, longitudeOf(score), latitudeOf(score));
  }
}

/** A score as an integer: it need not be a geohash. */
function hashInteger(score: number): number | bigint {
  const whole = Math.trunc(score) + 0;
  return Number.isSafeInteger(whole) ? whole : BigInt.asIntN(64, BigInt(whole));
}

function storeFound(ctx: Context, request: SearchRequest, form: SearchForm): void {
  const { storeKey, storesDistance, shape } = request;
  const members = stored ??= new MemberList(ctx.db.keyspace.seed);
  members.clear(ctx.db.keyspace.seed);
  for (let i = 0; i < found.count; i++) {
    const score = storesDistance ? found.distanceAt_m(i) / shape!.unit_m : found.scoreAt(i);
    members.add(found.bytesAt(i), found.startAt(i), found.endAt(i), score);
  }
  const event = form.center === "options" ? GEOSEARCHSTORE : GEORADIUSSTORE;
  if (storeResult(ctx, storeKey, members, event)) logStored(ctx, storeKey, members);
}

/** Logs what was stored under argument `i`. */
function logStored(ctx: Context, i: number, members: MemberList): void {
  if (!ctx.server.effects.active) return ctx.logNothing();
  const key = ctx.args.bytes(i);
  ctx.logAs("DEL", key);
  for (let rank = 0; rank < members.count; rank += LOGGED_MEMBERS) {
    const parts: Part[] = [];
    for (let k = rank; k < Math.min(rank + LOGGED_MEMBERS, members.count); k++) {
      parts.push(formatDouble(members.scoreAt(k)));
      parts.push(members.bytes.subarray(members.startAt(k), members.endAt(k)));
    }
    ctx.logAs("ZADD", key, ...parts);
  }
}

function runSearch(ctx: Context, form: SearchForm): void {
  const { args, db, reply } = ctx;
  const ref = db.lookup(args, form.key);
  if (!ctx.check(ref, "zset")) return;
  const request = new SearchReader(ctx, ref, form).read();
  if (request === undefined) return;
  if (ref !== NONE) zset.open(db, ref);
  find(request);
  if (request.storeKey > 0) storeFound(ctx, request, form);
  else replyFound(reply, request);
  found.clear();
}

/** The key behind a word that stands at argument `from` or after it. */
function keyBehind(keyword: string, from: number): KeySpec {
  return {
    flags: ["OW", "UPDATE"],
    begin: { keyword, from },
    find: { last: 0, step: 1, limit: 0 },
  };
}

const UNITS = "<M | KM | FT | MI>";
const WITH = "[WITHCOORD] [WITHDIST] [WITHHASH]";
const COUNT = "[<COUNT count> [ANY]]";
const FROM = "<FROMMEMBER member | FROMLONLAT longitude latitude>";
const BY = `<<BYRADIUS radius> ${UNITS} | <BYBOX width> height ${UNITS}>`;
const STORE = "[STORE key] [STOREDIST key]";

/** What the records of this file have in common. */
const shared = {
  acl: ["geo"],
  group: "geo",
  complexity:
    "O(N+log(M)) where N is the number of places in the cells that cover the shape, and " +
    "M is the size of the sorted set.",
} satisfies Partial<CommandRecord>;

const UPPERCASE = ["7.0.0", "Added support for uppercase unit names."] as const;
const ANY = ["6.2.0", "Added the `ANY` option for `COUNT`."] as const;

const geosearch = command({
  ...shared,
  name: "geosearch",
  arity: -7,
  flags: ["readonly"],
  keys: [keyAt(1, "RO ACCESS")],
  since: "6.2.0",
  history: [UPPERCASE],
  summary: "Returns the places in a circle or a box.",
  syntax: `key ${FROM} ${BY} [ASC | DESC] ${COUNT} ${WITH}`,
  run: (ctx) => runSearch(ctx, { center: "options", key: 1, stores: "never" }),
});

const geosearchstore = command({
  ...shared,
  name: "geosearchstore",
  arity: -8,
  flags: ["write", "denyoom"],
  keys: [keyAt(1, "OW UPDATE"), keyAt(2, "RO ACCESS")],
  since: "6.2.0",
  history: [UPPERCASE],
  summary: "Stores the places in a circle or a box under another key.",
  syntax: `destination source ${FROM} ${BY} [ASC | DESC] ${COUNT} [STOREDIST]`,
  run: (ctx) => runSearch(ctx, { center: "options", key: 2, stores: "always" }),
});

const georadius = command({
  ...shared,
  name: "georadius",
  arity: -6,
  flags: ["write", "denyoom", "movablekeys"],
  keys: [keyAt(1, "RO ACCESS"), keyBehind("STORE", 6), keyBehind("STOREDIST", 6)],
  since: "3.2.0",
  history: [ANY, UPPERCASE],
  deprecated: {
    since: "6.2.0",
    replacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
  },
  summary: "Returns or stores the places in a circle around a point.",
  syntax: `key longitude latitude radius ${UNITS} ${WITH} ${COUNT} [ASC | DESC] ${STORE}`,
  run: (ctx) => runSearch(ctx, { center: "coordinates", key: 1, stores: "option" }),
});

const georadiusRo = command({
  ...shared,
  name: "georadius_ro",
  arity: -6,
  flags: ["readonly"],
  keys: [keyAt(1, "RO ACCESS")],
  since: "3.2.10",
  history: [ANY],
  deprecated: { since: "6.2.0", replacedBy: "`GEOSEARCH` with the `BYRADIUS` argument" },
  summary: "Returns the places in a circle around a point.",
  syntax: `key longitude latitude radius ${UNITS} ${WITH} ${COUNT} [ASC | DESC]`,
  run: (ctx) => runSearch(ctx, { center: "coordinates", key: 1, stores: "never" }),
});

const georadiusbymember = command({
  ...shared,
  name: "georadiusbymember",
  arity: -5,
  flags: ["write", "denyoom", "movablekeys"],
  keys: [keyAt(1, "RO ACCESS"), keyBehind("STORE", 5), keyBehind("STOREDIST", 5)],
  since: "3.2.0",
  history: [UPPERCASE],
  deprecated: {
    since: "6.2.0",
    replacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
  },
  summary: "Returns or stores the places in a circle around another place.",
  syntax: `key member radius ${UNITS} ${WITH} ${COUNT} [ASC | DESC] ${STORE}`,
  run: (ctx) => runSearch(ctx, { center: "member", key: 1, stores: "option" }),
});

const georadiusbymemberRo = command({
  ...shared,
  name: "georadiusbymember_ro",
  arity: -5,
  flags: ["readonly"],
  keys: [keyAt(1, "RO ACCESS")],
  since: "3.2.10",
  deprecated: {
    since: "6.2.0",
    replacedBy: "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
  },
  summary: "Returns the places in a circle around another place.",
  syntax: `key member radius ${UNITS} ${WITH} ${COUNT} [ASC | DESC]`,
  run: (ctx) => runSearch(ctx, { center: "member", key: 1, stores: "never" }),
});

/** The commands of this file. */
export const geoSearchCommands: readonly Command[] = [
  geosearch,
  geosearchstore,
  georadius,
  georadiusRo,
  georadiusbymember,
  georadiusbymemberRo,
];
