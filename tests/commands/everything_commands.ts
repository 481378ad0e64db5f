/**
 * The stream of the great differential test: commands of every group over few keys, so that most
 * meet a value of another type, an expiry, or what another command has left.
 *
 * Left out is what is up to chance (a random member), to the hour (idle times, relative expiry) or
 * to the order inside a hash table; what redeno alone has; and what would block.
 */

import type { Comparison, Step } from "../kit/differential.ts";
import type { Seeded } from "../kit/flags.ts";
import { type Source, type Template, template } from "./everything_grammar.ts";

/** The names of all keys, in each of {@linkcode DATABASES}. */
export const KEYS = ["a", "b", "c", "d", "e", "f", "g", "k\0\r\n\xff"];
/** Keys of their own for HyperLogLogs: in one whose bits somebody else has set nothing is sure. */
const HLLS = ["h1", "h2"];
/** The databases in use. */
export const DATABASES = ["0", "1"];

const VALUES = ["", "x", "hello", "0", "1", "-1", "12", "007", "1.5", "-2.25e2", "\r\n\0\xff"]
  .concat("9223372036854775807", "-9223372036854775808", "5000000000", " 1", "3.0", "foobar")
  .concat("y".repeat(44), "z".repeat(45), "w".repeat(100));
/** None is a prefix of another up to a zero byte: SORT ALPHA takes such for equal, in any order. */
const MEMBERS = ["", "a", "b", "c", "d", "e", "1", "2", "3", "-5", "70000", "3.0", "\xff\0", "m:n"];
const SCORES = ["0", "1", "2", "3", "-1", "-2.5", "0.1", "3.14", "1e3", "1e17", "1e100", "inf"];
const INTEGERS = ["0", "1", "2", "3", "5", "10", "-1", "-2", "-3", "100", "-100"];
const INCREMENTS = ["1", "-1", "3", "100", "-7", "4294967296", "9223372036854775807"];
const FLOATS = ["0", "1", "-1.5", "0.1", "1e3", "3.14159265358979", "1e-7", "1e17"];
const LEX = ["-", "+", "[a", "(a", "[c", "(c", "[", "[m", "(1", "[\xff"];
/** Long past, or far in the future: never near. */
const TIMES_S = ["1", "33000000000", "33000000001", "33000000002"];
const TIMES_MS = ["1", "33000000000000", "33000000000123", "33000000001000"];
const FUTURE_MS = TIMES_MS.slice(1);
const PATTERNS = ["*", "a*", "?", "[a-c]", "", "*1*", "[^a]"];
/** Where an argument should be something else. None is a short time, and none a random choice. */
const ODD = ["", "x", "-1", "1.5", "9223372036854775808", "q\0", "nan", "-9223372036854775808"];

const pick = (items: readonly string[]): Source => (chance) => [chance.pick(items)];

function streamId(chance: Seeded): string[] {
  const ms = chance.below(30);
  return [chance.chance(0.3) ? String(ms) : `${ms}-${chance.below(4)}`];
}

const SOURCES: Record<string, Source> = {
  v: pick(VALUES),
  f: pick(MEMBERS),
  m: pick(MEMBERS),
  s: pick(SCORES),
  bound: pick([...SCORES, "-inf", "(1", "(0", "(-inf", "(3.14"]),
  lex: pick(LEX),
  i: pick(INTEGERS),
  by: pick(INCREMENTS),
  float: pick(FLOATS),
  count: pick(["0", "1", "2", "3", "10"]),
  at: pick(TIMES_S),
  pat: pick(TIMES_MS),
  future: pick(FUTURE_MS),
  pattern: pick(PATTERNS),
  db: pick(DATABASES),
  bit: pick(["0", "1"]),
  offset: (chance) => [String(chance.below(chance.chance(0.1) ? 3000 : 100))],
  type: (
    chance,
  ) => [chance.chance(0.5) ? `i${chance.between(1, 64)}` : `u${chance.between(1, 63)}`],
  hll: pick(HLLS),
  id: streamId,
  newid: (chance) => chance.chance(0.3) ? streamId(chance) : [`${chance.below(8)}-*`],
  idbound: (chance) => chance.chance(0.4) ? [chance.pick(["-", "+"])] : streamId(chance),
  group: pick(["g", "h"]),
  consumer: pick(["c", "d"]),
  lon: pick(["13.361389", "15.087269", "0", "-180", "14", "2.5"]),
  lat: pick(["38.115556", "37.502669", "0", "85.05", "37", "-30"]),
  radius: pick(["0", "1", "200", "5000", "1e6"]),
};

/** How often a group uses its own key: its commands then meet a value of their type mostly. */
const HOME_CHANCE = 0.6;

/** The sources of a group, whose own key is `home`. */
function sourcesOf(home: string): Record<string, Source> {
  const key = (chance: Seeded) => chance.chance(HOME_CHANCE) ? home : chance.pick(KEYS);
  const keys = (chance: Seeded) => Array.from({ length: chance.between(1, 3) }, () => key(chance));
  return {
    ...SOURCES,
    k: (chance) => [key(chance)],
    keys: (chance) => {
      const names = keys(chance);
      return [String(names.length), ...names];
    },
    weighted: (chance) => {
      const names = keys(chance);
      const weights = chance.chance(0.3)
        ? ["WEIGHTS", ...names.map(() => chance.pick(SCORES))]
        : [];
      return [String(names.length), ...names, ...weights];
    },
  };
}

/** The commands of each group; the groups are drawn from with the same probability. */
const GROUPS: readonly (readonly string[])[] = [
  [ // strings
    "SET $k $v",
    "SET $k $v [NX|XX] [GET]",
    "SET $k $v [XX|GET] EXAT|exat $at",
    "SET $k $v [NX|GET] PXAT $pat",
    "SET $k $v PXAT $future",
    "SET $k $v KEEPTTL [GET]",
    "SETNX $k $v",
    "GET $k",
    "GETSET $k $v",
    "GETDEL $k",
    "GETEX $k [PERSIST]",
    "GETEX $k PXAT $pat",
    "APPEND $k $v",
    "STRLEN $k",
    "SETRANGE $k $count $v",
    "GETRANGE|SUBSTR $k $i $i",
    "INCR|DECR $k",
    "INCRBY|DECRBY $k $by",
    "INCRBYFLOAT $k $float",
    "MGET { $k }",
    "MSET { $k $v }",
    "MSETNX { $k $v }",
    "LCS $k $k [LEN] [IDX] [MINMATCHLEN $count] [WITHMATCHLEN]",
  ],
  [ // keys
    "DEL|UNLINK { $k }",
    "EXISTS|TOUCH { $k }",
    "TYPE $k",
    "PERSIST $k",
    "EXPIREAT $k $at [NX|XX|GT|LT]",
    "PEXPIREAT $k $pat [NX|XX|GT|LT]",
    "PEXPIREAT $k $future",
    "EXPIRETIME|PEXPIRETIME $k",
    "RENAME|RENAMENX $k $k",
    "COPY $k $k [DB $db] [REPLACE]",
    "COPY $k $k REPLACE",
    "MOVE $k $db",
    "OBJECT ENCODING $k",
    "DBSIZE",
    "SORT $k [DESC] [LIMIT $i $i] [GET #] [GET *]",
    "SORT $k ALPHA [DESC] [LIMIT $i $i] [STORE $k]",
    "SORT $k [DESC] [LIMIT $i $i] STORE $k",
    "SORT_RO $k ALPHA|DESC",
  ],
  [ // lists
    "LPUSH|RPUSH $k { $v }",
    "LPUSH|RPUSH $k { $v }",
    "RPUSH $k { $m }",
    "LPUSHX|RPUSHX $k { $v }",
    "LPOP|RPOP $k [$count]",
    "LLEN $k",
    "LRANGE $k $i $i",
    "LRANGE $k 0 -1",
    "LINDEX $k $i",
    "LSET $k $i $v",
    "LINSERT $k BEFORE|AFTER $v $v",
    "LREM $k $i $v",
    "LTRIM $k $i $i",
    "LPOS $k $v [RANK $i] [COUNT $count] [MAXLEN $count]",
    "RPOPLPUSH $k $k",
    "LMOVE $k $k LEFT|RIGHT LEFT|RIGHT",
    "LMPOP $keys LEFT|RIGHT [COUNT $count]",
    "BLPOP|BRPOP $k $k 0.001",
    "BLMOVE $k $k LEFT|RIGHT LEFT|RIGHT 0.001",
    "BRPOPLPUSH $k $k 0.001",
    "BLMPOP 0.001 $keys LEFT|RIGHT [COUNT $count]",
  ],
  [ // hashes
    "HSET $k { $f $v }",
    "HSET|HMSET $k { $f $v }",
    "HSETNX $k $f $v",
    "HGET $k $f",
    "HMGET $k { $f }",
    "HDEL $k { $f }",
    "HLEN $k",
    "HSTRLEN|HEXISTS $k $f",
    "HGETALL $k",
    "HKEYS|HVALS $k",
    "HINCRBY $k $f $by",
    "HINCRBYFLOAT $k $f $float",
    "HRANDFIELD $k 1000 [WITHVALUES]",
    "HSCAN $k 0 COUNT 10000 [MATCH $pattern]",
  ],
  [ // sets
    "SADD $k { $m }",
    "SADD $k { $m }",
    "SADD $k { $i }",
    "SREM $k { $m }",
    "SCARD $k",
    "SISMEMBER $k $m",
    "SMISMEMBER $k { $m }",
    "SMEMBERS $k",
    "SMOVE $k $k $m",
    "SPOP $k 1000",
    "SRANDMEMBER $k 1000",
    "SINTER|SUNION|SDIFF { $k }",
    "SINTERSTORE|SUNIONSTORE|SDIFFSTORE $k { $k }",
    "SUNIONSTORE $k { $k }",
    "SINTERCARD $keys [LIMIT $count]",
    "SSCAN $k 0 COUNT 10000 [MATCH $pattern]",
  ],
  [ // sorted sets
    "ZADD $k { $s $m }",
    "ZADD $k [NX|XX] [GT|LT] [CH] { $s $m }",
    "ZADD $k INCR $s $m",
    "ZINCRBY $k $s $m",
    "ZREM $k { $m }",
    "ZCARD $k",
    "ZSCORE|ZRANK|ZREVRANK $k $m",
    "ZMSCORE $k { $m }",
    "ZCOUNT $k $bound $bound",
    "ZLEXCOUNT $k $lex $lex",
    "ZRANGE $k $i $i [REV] [WITHSCORES]",
    "ZRANGE $k 0 -1 WITHSCORES",
    "ZRANGE $k $bound $bound BYSCORE [REV] [LIMIT $i $i] [WITHSCORES]",
    "ZRANGE $k $lex $lex BYLEX [REV] [LIMIT $i $i]",
    "ZREVRANGE $k $i $i [WITHSCORES]",
    "ZRANGEBYSCORE|ZREVRANGEBYSCORE $k $bound $bound [WITHSCORES] [LIMIT $i $i]",
    "ZRANGEBYLEX|ZREVRANGEBYLEX $k $lex $lex [LIMIT $i $i]",
    "ZRANGESTORE $k $k $i $i [REV]",
    "ZRANGESTORE $k $k $bound $bound BYSCORE [LIMIT $i $i]",
    "ZREMRANGEBYRANK $k $i $i",
    "ZREMRANGEBYSCORE $k $bound $bound",
    "ZREMRANGEBYLEX $k $lex $lex",
    "ZPOPMIN|ZPOPMAX $k [$count]",
    "ZMPOP $keys MIN|MAX [COUNT $count]",
    "BZPOPMIN|BZPOPMAX $k $k 0.001",
    "BZMPOP 0.001 $keys MIN|MAX [COUNT $count]",
    "ZUNIONSTORE|ZINTERSTORE $k $weighted [AGGREGATE SUM|MIN|MAX]",
    "ZUNIONSTORE $k $weighted [AGGREGATE SUM|MIN|MAX]",
    "ZDIFFSTORE $k $keys",
    "ZUNION|ZINTER $weighted [AGGREGATE SUM|MIN|MAX] [WITHSCORES]",
    "ZDIFF $keys [WITHSCORES]",
    "ZINTERCARD $keys [LIMIT $count]",
    "ZRANDMEMBER $k 1000 [WITHSCORES]",
    "ZSCAN $k 0 COUNT 10000 [MATCH $pattern]",
    "GEOADD $k [NX|XX] [CH] { $lon $lat $m }",
    "GEODIST $k $m $m [m|km|ft|mi]",
    "GEOPOS|GEOHASH $k { $m }",
    "GEOSEARCH $k FROMLONLAT $lon $lat BYRADIUS $radius km ASC [COUNT $count] [WITHDIST] [WITHHASH]",
    "GEOSEARCH $k FROMMEMBER $m BYBOX $radius $radius mi DESC [WITHCOORD]",
    "GEOSEARCHSTORE $k $k FROMLONLAT $lon $lat BYRADIUS $radius km [ASC COUNT $count] [STOREDIST]",
    "GEORADIUS $k $lon $lat $radius km [STORE|STOREDIST $k]",
    "GEORADIUSBYMEMBER $k $m $radius km [STORE $k]",
  ],
  [ // streams
    "XADD $k $newid { $f $v }",
    "XADD $k $newid { $f $v }",
    "XADD $k [NOMKSTREAM] [MAXLEN [~|=] $count] $newid { $f $v }",
    "XADD $k MINID [~|=] $id $newid { $f $v }",
    "XTRIM $k MAXLEN|MINID [=|~] $count",
    "XDEL $k { $id }",
    "XLEN $k",
    "XRANGE|XREVRANGE $k $idbound $idbound [COUNT $i]",
    "XREAD [COUNT $i] STREAMS $k $id",
    "XREAD [COUNT $i] STREAMS $k $k $id $id",
    "XREADGROUP GROUP $group $consumer [COUNT $i] [NOACK] STREAMS $k >|0|5",
    "XREADGROUP GROUP $group $consumer COUNT 2 STREAMS $k $k > >",
    "XGROUP CREATE $k $group 0|5|$ [MKSTREAM] [ENTRIESREAD $count]",
    "XGROUP CREATE $k $group 0 MKSTREAM",
    "XGROUP SETID $k $group 0|3|$ [ENTRIESREAD $count]",
    "XGROUP CREATECONSUMER|DELCONSUMER $k $group $consumer",
    "XGROUP DESTROY $k $group",
    "XACK $k $group { $id }",
    "XPENDING $k $group",
    "XCLAIM $k $group $consumer 0 { $id } [TIME 1000] [RETRYCOUNT $count] [FORCE] [JUSTID]",
    "XAUTOCLAIM $k $group $consumer 0 $id [COUNT $count] [JUSTID]",
    "XSETID $k $id [ENTRIESADDED $count] [MAXDELETEDID $id]",
    "XINFO STREAM|GROUPS $k",
  ],
  [ // bitmaps and HyperLogLogs
    "SETBIT $k $offset $bit",
    "GETBIT $k $offset",
    "BITCOUNT $k [$i $i [BIT|BYTE]]",
    "BITPOS $k $bit [$i [$i [BIT|BYTE]]]",
    "BITOP AND|OR|XOR $k { $k }",
    "BITOP NOT $k $k",
    "BITFIELD $k [GET $type $offset] [OVERFLOW WRAP|SAT|FAIL] { SET|INCRBY $type $offset $by }",
    "BITFIELD|BITFIELD_RO $k GET $type $offset",
    "PFADD $hll { $m }",
    "PFADD $hll { $v }",
    "PFCOUNT { $hll }",
    "PFCOUNT { $k }",
    "PFMERGE $hll { $hll }",
    "GET|STRLEN|DEL $hll",
    "SET|LPUSH|SADD $hll $v",
  ],
  [ // what spans commands
    "MULTI",
    "EXEC",
    "EXEC",
    "EXEC",
    "DISCARD",
    "WATCH { $k }",
    "UNWATCH",
    "SELECT $db",
    "SELECT $db",
    "KEYS $pattern",
    "SCAN 0 COUNT 10000 [MATCH $pattern] [TYPE string|list|hash|set|zset|stream]",
    "PUBLISH $v $v",
    "PING|ECHO $v",
    "NOSUCH { $k }",
  ],
];

/** Those that empty much, seldom. */
const RARE = ["FLUSHDB [SYNC|ASYNC]", "FLUSHALL", "SWAPDB 0 1"];

/** Where order is a table's own business. */
const UNORDERED: Readonly<Record<string, Comparison["unordered"]>> = {
  HGETALL: "pairs",
  HKEYS: true,
  HVALS: true,
  SMEMBERS: true,
  SPOP: true,
  SRANDMEMBER: true,
  SINTER: true,
  SUNION: true,
  SDIFF: true,
  KEYS: true,
  HRANDFIELD: "deep",
  ZRANDMEMBER: "deep",
  HSCAN: "deep",
  SSCAN: "deep",
  ZSCAN: "deep",
  SCAN: "deep",
  EXEC: "deep",
  GEORADIUS: true,
  GEORADIUSBYMEMBER: true,
};

/** Commands that stay as made: with a word more or less they would block, or depend on chance. */
const NOT_BENT = /^B(L|R|Z)|^(SPOP|.RANDMEMBER|HRANDFIELD|.?SCAN|XAUTOCLAIM|FLUSH|GEO|Z(REV)?RANK)/;
const BENT_CHANCE = 0.04;
const RESTORE_CHANCE = 0.01;
const RARE_CHANCE = 0.004;

function compile(group: readonly string[], i: number): Template[] {
  const sources = sourcesOf(KEYS[i % KEYS.length]);
  return group.map((text) => template(text, sources));
}

/** One argument too many, too few, or of no use. */
function bend(chance: Seeded, words: string[]): void {
  const at = chance.between(1, words.length - 1);
  const kind = chance.below(3);
  if (kind === 0) words.splice(at, 1);
  else if (kind === 1) words.splice(at, 0, words[at]);
  else words[at] = chance.pick(ODD);
}

/** What a stream is made of. */
export interface Ingredients {
  /** Values for RESTORE. */
  readonly payloads: readonly string[];
  /**
   * Whether sorted sets are packed. Ranges of members are for packed ones: where scores differ, they
   * have no meaning in large ones. So SORT, which makes sets large, is for large ones.
   */
  readonly packed: boolean;
}

/** The generator of a stream. */
export function everything({ payloads, packed }: Ingredients): (chance: Seeded) => Step {
  const fits = (text: string) => !(packed ? /^SORT/ : /LEX/).test(text);
  const groups = GROUPS.map((group, i) => compile(group.filter(fits), i));
  const rare = compile(RARE, 0);
  return (chance) => {
    if (chance.chance(RESTORE_CHANCE)) return restore(chance, payloads);
    const command = chance.pick(chance.chance(RARE_CHANCE) ? rare : chance.pick(groups))(chance);
    const name = command[0];
    if (command.length > 1 && !NOT_BENT.test(name) && chance.chance(BENT_CHANCE)) {
      bend(chance, command);
    }
    return { command, compare: { unordered: UNORDERED[name] ?? false } };
  };
}

function restore(chance: Seeded, payloads: readonly string[]): Step {
  const payload = chance.chance(0.95) ? chance.pick(payloads) : chance.pick(VALUES);
  const command = ["RESTORE", chance.pick(KEYS), "0", payload];
  if (chance.chance(0.3)) command.splice(2, 1, chance.pick(TIMES_MS), "ABSTTL");
  if (command.includes("ABSTTL")) command.push(command.splice(3, 1)[0]);
  if (chance.chance(0.7)) command.push("REPLACE");
  return { command };
}
