/** List commands by hand: every option, every error, RESP2 and RESP3; and the events they send. */

import { assertEquals, assertGreater } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { heardEvents, toldEvents } from "./events_kit.ts";
import { runScript } from "./sessions.ts";
import { listCommands } from "../../lib/commands/list.ts";
import { keyCommands } from "../../lib/commands/keys.ts";
import { stringCommands } from "../../lib/commands/strings.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const SCRIPTS: Readonly<Record<string, string>> = {
  "pushing and popping": `
    A RPUSH k 1 2 3
    A LPUSH k a b c
    A LRANGE k 0 -1
    A LPUSHX nokey x
    A RPUSHX nokey x
    A EXISTS nokey
    A LPUSHX k x y
    A RPUSHX k x y
    A LPOP k
    A RPOP k
    A LPOP k 0
    A LPOP k 3
    A RPOP k 2
    A RPOP k 100
    A EXISTS k
    A LPOP k
    A LPOP k 1
    A RPOP k 0
    A LPOP k -1
    A LPOP k x
    A LPOP k 1 2
    A RPOP k 1 2
    A LPOP k 9223372036854775807
    A LPOP k 9223372036854775808
    A LPUSH k
    A LPUSH
    A RPOP
    A RPUSH k "" \\0\\r\\n
    A LRANGE k 0 -1`,
  "reading": `
    A RPUSH k a b c d e
    A LLEN k
    A LLEN nokey
    A LINDEX k 0
    A LINDEX k -1
    A LINDEX k 4
    A LINDEX k 5
    A LINDEX k -5
    A LINDEX k -6
    A LINDEX k x
    A LINDEX nokey x
    A LINDEX nokey 0
    A LINDEX k 9223372036854775807
    A LINDEX k -9223372036854775808
    A LINDEX k 9223372036854775808
    A LRANGE k 1 2
    A LRANGE k -3 -2
    A LRANGE k 3 1
    A LRANGE k 5 10
    A LRANGE k -100 100
    A LRANGE k 0 x
    A LRANGE k x 0
    A LRANGE nokey 0 -1
    A LRANGE nokey x 0
    A LRANGE k 0 9223372036854775807
    A LRANGE k -9223372036854775808 0
    A OBJECT ENCODING k
    A TYPE k`,
  "positions": `
    A RPUSH k a b c 1 2 3 c c
    A LPOS k c
    A LPOS k x
    A LPOS k c RANK 2
    A LPOS k c RANK -1
    A LPOS k c RANK 4
    A LPOS k c RANK 0
    A LPOS k c RANK x
    A LPOS k c RANK -9223372036854775808
    A LPOS k c RANK -9223372036854775807
    A LPOS k c RANK 9223372036854775807
    A LPOS k c RANK
    A LPOS k c COUNT 2
    A LPOS k c COUNT 0
    A LPOS k c COUNT -1
    A LPOS k c COUNT x
    A LPOS k c COUNT 2 RANK -2
    A LPOS k c COUNT 0 RANK 2 MAXLEN 7
    A LPOS k c MAXLEN 2
    A LPOS k c MAXLEN 0
    A LPOS k c MAXLEN -1
    A LPOS k c MAXLEN x
    A LPOS k c RANK -1 MAXLEN 3 COUNT 0
    A LPOS k x COUNT 0
    A LPOS k c rank 2 count 1 maxlen 100 RANK 1
    A LPOS k c WRONG 1
    A LPOS k 1
    A LPOS nokey c
    A LPOS nokey c COUNT 1
    A LPOS nokey c RANK 0
    A LPOS k`,
  "changing": `
    A RPUSH k a b c d
    A LSET k 0 A
    A LSET k -1 longer
    A LSET k 4 x
    A LSET k -5 x
    A LSET k x x
    A LSET nokey x x
    A LINSERT k BEFORE A first
    A LINSERT k after longer last
    A LINSERT k AFTER b ""
    A LINSERT k BEFORE nothing x
    A LINSERT k AT b x
    A LINSERT nokey BEFORE b x
    A LINSERT nokey AT b x
    A LRANGE k 0 -1
    A RPUSH r x y x y x
    A LREM r 1 x
    A LREM r -1 x
    A LREM r 0 nothing
    A LREM r -5 y
    A LREM r 0 x
    A EXISTS r
    A LREM r 0 x
    A LREM r x x
    A LREM k 9223372036854775807 b
    A RPUSH k b b
    A LREM k -9223372036854775808 b
    A LREM k -9223372036854775807 b
    A RPUSH t 1 2 3 4 5
    A LTRIM t 1 -2
    A LRANGE t 0 -1
    A LTRIM t 0 -1
    A LTRIM t -2 100
    A LTRIM t x 1
    A LTRIM t 1 x
    A LTRIM nokey 0 1
    A LTRIM nokey x 1
    A LTRIM t 5 1
    A EXISTS t`,
  "moving": `
    A RPUSH a 1 2 3
    A LMOVE a b LEFT RIGHT
    A LMOVE a b right left
    A LMOVE a b UP LEFT
    A LMOVE a b LEFT
    A LMOVE nokey b LEFT LEFT
    A LMOVE nokey b x LEFT
    A LRANGE b 0 -1
    A LMOVE b b LEFT RIGHT
    A LMOVE b b LEFT LEFT
    A LMOVE b b RIGHT RIGHT
    A RPOPLPUSH b b
    A RPOPLPUSH b c
    A RPOPLPUSH b c
    A RPOPLPUSH b c
    A LRANGE c 0 -1
    A EXISTS b
    A RPOPLPUSH c c
    A RPOPLPUSH one one
    A RPUSH one x
    A RPOPLPUSH one one
    A LMOVE one one LEFT RIGHT
    A LRANGE one 0 -1`,
  "popping from the first that has any": `
    A RPUSH b 1 2 3 4
    A LMPOP 2 a b LEFT
    A LMPOP 2 a b RIGHT COUNT 2
    A LMPOP 2 a b RIGHT COUNT 100
    A LMPOP 2 a b RIGHT COUNT 100
    A LMPOP 0 a LEFT
    A LMPOP -1 a LEFT
    A LMPOP x a LEFT
    A LMPOP 2 a LEFT
    A LMPOP 1 a
    A LMPOP 1 a UP
    A LMPOP 1 a LEFT COUNT
    A LMPOP 1 a LEFT COUNT 0
    A LMPOP 1 a LEFT COUNT -1
    A LMPOP 1 a LEFT COUNT x
    A LMPOP 1 a LEFT COUNT 1 COUNT 1
    A LMPOP 1 a LEFT WRONG 1
    A LMPOP 9223372036854775807 a LEFT
    A SET s x
    A RPUSH l 1
    A LMPOP 2 l s LEFT
    A LMPOP 2 s l LEFT`,
  "keys of another type": `
    A SET s x
    A RPUSH l 1
    A LPUSH s 1
    A RPUSHX s 1
    A LPOP s
    A LPOP s 0
    A LPOP s x
    A LLEN s
    A LINDEX s x
    A LRANGE s 0 -1
    A LRANGE s x -1
    A LPOS s x
    A LPOS s x RANK 0
    A LSET s x 1
    A LINSERT s BEFORE a b
    A LINSERT s AT a b
    A LREM s 0 x
    A LREM s x x
    A LTRIM s 0 1
    A LMOVE s l LEFT LEFT
    A LMOVE l s LEFT LEFT
    A LMOVE nokey s LEFT LEFT
    A RPOPLPUSH s s
    A LRANGE l 0 -1
    A GET l
    A APPEND l x
    A INCR l
    A SETRANGE l 0 x
    A GETSET l x
    A SET l x
    A GET l`,
  "expiry stays while the list changes, and goes with it": `
    A RPUSH k 1 2 3
    A PEXPIREAT k 33000000000123
    A LPUSH k 0
    A LPOP k 2
    A LSET k 0 ten
    A PEXPIRETIME k
    A RPOPLPUSH k l
    A PEXPIRETIME l
    A LTRIM k 1 0
    A RPUSH k 1
    A PEXPIRETIME k
    A RENAME k m
    A COPY m n
    A LRANGE n 0 -1`,
};

Deno.test({
  name: "list commands answer what Redis answers",
  ...withRedis,
  async fn(t) {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await t.step(name, () => runScript(redis, redeno, script));
      await t.step(`${name}, in RESP3`, () => runScript(redis, redeno, `A HELLO 3\n${script}`));
    }
  },
});

Deno.test({
  name: "long lists answer what Redis answers, wherever they are read or cut",
  ...withRedis,
  async fn() {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);
    await pair.both("FLUSHALL");
    for (let i = 0; i < 20; i++) {
      const many = Array.from({ length: 500 }, (_, k) => `element ${i * 500 + k}`);
      await pair.both("RPUSH", "k", ...many);
    }
    for (const at of [0, 1, 700, 4999, 5000, 5001, 9998, 9999, 10_000, -1, -2, -7000, -10_000]) {
      await pair.both("LINDEX", "k", String(at));
      await pair.both("LRANGE", "k", String(at), String(at + 300));
      await pair.both("LSET", "k", String(at), "x".repeat(Math.abs(at) % 3000));
    }
    await pair.both("LPOS", "k", "element 7777");
    await pair.both("LPOS", "k", "element 7777", "RANK", "-1", "MAXLEN", "3000");
    await pair.both("LINSERT", "k", "AFTER", "element 5555", "y".repeat(9000));
    await pair.both("LREM", "k", "-1", "element 5555");
    await pair.both("LTRIM", "k", "1234", "-2345");
    await pair.both("LPOP", "k", "3000");
    await pair.both("LRANGE", "k", "0", "-1");
    await pair.both("RPOP", "k", "100000");
    await pair.both("EXISTS", "k");
  },
});

/** Changes of every kind, and what changes nothing. */
const EVENTS = `
  RPUSH k a b c d e
  LPUSH k x
  LPUSHX k y
  RPUSHX nokey y
  LPOP k
  RPOP k 2
  LPOP k 0
  LPOP nokey
  LSET k 0 z
  LSET k 100 z
  LINSERT k BEFORE b a
  LINSERT k BEFORE nopivot a
  LREM k 1 a
  LREM k 1 nothing
  LTRIM k 0 -1
  LTRIM k 1 -1
  LMOVE k l LEFT RIGHT
  RPOPLPUSH k l
  RPUSH k 1
  LMOVE k k LEFT RIGHT
  RPOPLPUSH k l
  LREM l 0 1
  LTRIM l 5 1
  RPUSH m 1 2 3
  LMPOP 2 nokey m LEFT
  LMPOP 2 nokey m RIGHT COUNT 5
  RPUSH m 1 2
  BLPOP nokey m 0
  BRPOP nokey m 0
  RPUSH m 1 2
  BLMOVE m n LEFT RIGHT 0
  BRPOPLPUSH m n 0
  BLMPOP 0 1 n LEFT COUNT 2
  LRANGE nokey 0 -1
  LLEN nokey
  LINDEX nokey 0
  LPOS nokey x
  RPUSH a 1
  RENAME a b
  COPY b c
  RPUSH c 2
  DEL c`;

const COMMANDS = EVENTS.trim().split("\n").map((line) => line.trim().split(" "));

Deno.test({
  name: "list commands tell of the events that Redis tells of, in its order",
  ...withRedis,
  async fn() {
    const wanted = await heardEvents(COMMANDS);
    assertGreater(wanted.length, 50);
    const records = [...listCommands, ...keyCommands, ...stringCommands];
    assertEquals(toldEvents(records, COMMANDS), wanted);
  },
});
