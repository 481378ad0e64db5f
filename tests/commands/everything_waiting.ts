/**
 * Lines for several connections that wait for, watch and listen to each other, over keys of every
 * type; for {@linkcode BlockingRoom}.
 *
 * Left out is what stores sorted sets and lists (ZUNIONSTORE, SORT STORE ...): where it replaces a
 * value of another type Redis leaves those asleep who wait for the new one, and here they are served
 * (`known_differences_test.ts`). And SWAPDB, which can make several keys ready at once: in which order
 * Redis then serves those who wait is up to the secret of its hash.
 */

import type { Seeded } from "../kit/flags.ts";
import type { BlockingRoom } from "./blocking_kit.ts";
import { type Source, type Template, template } from "./everything_grammar.ts";

const NAMES = ["A", "B", "C", "D"];
const KEYS = ["a", "b", "c"];
const CHANNELS = ["x", "y"];

const pick = (items: readonly string[]): Source => (chance) => [chance.pick(items)];

const SOURCES: Record<string, Source> = {
  k: pick(KEYS),
  v: (chance) => [String(chance.below(100))],
  db: pick(["0", "0", "0", "1"]),
  n: (chance) => [String(chance.between(1, 3))],
  channel: pick(CHANNELS),
};

const CHANGING = [
  "LPUSH|RPUSH $k { $v }",
  "RPUSH $k $v",
  "RPUSHX $k $v",
  "LINSERT $k BEFORE $v $v",
  "LPOP|RPOP $k [$n]",
  "LMOVE $k $k LEFT|RIGHT LEFT|RIGHT",
  "LMPOP 2 $k $k LEFT|RIGHT",
  "LTRIM $k 1 2",
  "ZADD $k { $v $v }",
  "ZADD $k $v $v",
  "ZINCRBY $k 1 $v",
  "ZPOPMIN $k",
  "GEOADD $k 13 38 $v",
  "XADD $k 7-* f $v",
  "XGROUP CREATE $k g $ MKSTREAM",
  "XGROUP DESTROY $k g",
  "XDEL $k 7-1",
  "SADD $k { $v }",
  "HSET $k f $v",
  "SET $k $v",
  "DEL $k",
  "DEL|UNLINK { $k }",
  "DEL a b c",
  "RENAME $k $k",
  "COPY $k $k REPLACE",
  "MOVE $k $db",
  "PEXPIREAT $k 1",
  "RESTORE $k 0 nothing",
  "SELECT $db",
  "MULTI",
  "MULTI",
  "EXEC",
  "EXEC",
  "EXEC",
  "DISCARD",
  "WATCH { $k }",
  "UNWATCH",
  "TYPE $k",
  "LRANGE $k 0 -1",
  "XLEN $k",
  "PUBLISH $channel $v",
  "PUBSUB NUMSUB x y",
  "RESET",
];

const WAITING = [
  "BLPOP|BRPOP $k $k 0",
  "BLMOVE $k $k LEFT|RIGHT LEFT|RIGHT 0",
  "BRPOPLPUSH $k $k 0",
  "BLMPOP 0 2 $k $k LEFT|RIGHT COUNT $n",
  "BZPOPMIN|BZPOPMAX $k $k 0",
  "BZMPOP 0 2 $k $k MIN|MAX COUNT $n",
  "XREAD BLOCK 0 STREAMS $k $",
  "XREAD COUNT 1 BLOCK 0 STREAMS $k $k 0 7-2",
  "XREADGROUP GROUP g c BLOCK 0 STREAMS $k >",
];

const changing = compile(CHANGING);
const waiting = compile(WAITING);

function compile(texts: readonly string[]): Template[] {
  return texts.map((text) => template(text, SOURCES));
}

/** A line for one of the connections that do not wait; one is always left to change something. */
export function waitingLine(chance: Seeded, room: BlockingRoom): string {
  const free = NAMES.filter((name) => !room.waits(name));
  if (free.length < NAMES.length && chance.chance(0.06)) {
    const blocked = chance.pick(NAMES.filter((name) => room.waits(name)));
    return `${chance.pick(free)} CLIENT UNBLOCK #${blocked} ${chance.pick(["TIMEOUT", "ERROR"])}`;
  }
  const makers = free.length > 1 && chance.chance(0.35) ? waiting : changing;
  return [chance.pick(free), ...chance.pick(makers)(chance)].join(" ");
}
