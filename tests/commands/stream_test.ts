/** The stream commands by hand: every option, every error, replies byte for byte as Redis gives them. */

import { assertEquals, assertGreater } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { latin1 } from "../kit/resp_reply.ts";
import { publishedEvents } from "./events_kit.ts";
import { runScript } from "./sessions.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const HUGE = "18446744073709551615";

const SCRIPTS: Readonly<Record<string, string>> = {
  "XADD gives IDs that rise": `
    A XADD s 0-0 a 1
    A XADD s 0 a 1
    A EXISTS s
    A XADD s 0-* a 1
    A XADD s 0-* a 1
    A XADD s 5 a 1
    A XADD s 5-0 a 1
    A XADD s 5-* a 1
    A XADD s 4-* a 1
    A XADD s 6-18446744073709551615 a 1
    A XADD s 6-* a 1
    A XADD s 7-9007199254740991 a 1
    A XADD s 7-* a 1
    A XADD s 7-* a 1
    A XADD s 9007199254740991-1 a 1
    A XADD s 9007199254740992-1 a 1
    A XADD s 9007199254740993-* a 1
    A XADD s 18446744073709551615-1 a 1
    A XADD s * a 1
    A XADD s * a 1
    A XADD s ${HUGE}-${HUGE} a 1
    A XADD s * a 1
    A XADD s ${HUGE}-* a 1
    A XADD s 1-1 a 1
    A XRANGE s - +
    A XREVRANGE s + -
    A XINFO STREAM s
    A XREAD STREAMS s ${HUGE}-${HUGE}
    A XREAD STREAMS s ${HUGE}-1`,
  "XADD refuses what is no ID, no pair, no option": `
    A XADD s 1-1
    A XADD s 1-1 a
    A XADD s 1-1 a b c
    A XADD s * a
    A XADD s MAXLEN 5 *
    A XADD s MAXLEN 5 * a
    A XADD s MAXLEN 5 1-1 a
    A XADD s MAXLEN 5 MAXLEN 6
    A XADD s MAXLEN MAXLEN MAXLEN 5 * a b
    A XADD s NOMKSTREAM NOMKSTREAM NOMKSTREAM
    A XADD s NOMKSTREAM * a
    A XADD s x a b
    A XADD s "" a b
    A XADD s -1 a b
    A XADD s 1- a b
    A XADD s -* a b
    A XADD s *-1 a b
    A XADD s 1-1-1 a b
    A XADD s 1-*x a b
    A XADD s ${HUGE}0 a b
    A XADD s 18446744073709551616-1 a b
    A XADD s - a b
    A XADD s + a b
    A XADD s ** a b
    A XADD s MAXLEN x * a b
    A XADD s MAXLEN -1 * a b
    A XADD s MAXLEN ~ -1 * a b
    A XADD s MAXLEN ~ * a b
    A XADD s MAXLEN = * a b
    A XADD s MINID x * a b
    A XADD s MINID - * a b
    A XADD s MINID ~ * a b
    A XADD s MAXLEN 1 MINID 1 * a b
    A XADD s MINID 1 MAXLEN 1 * a b
    A XADD s MAXLEN 1 MAXLEN 1 * a b
    A XADD s LIMIT 1 * a b
    A XADD s LIMIT 0 * a b
    A XADD s LIMIT -1 * a b
    A XADD s LIMIT x * a b
    A XADD s MAXLEN 1 LIMIT 1 * a b
    A XADD s MAXLEN = 1 LIMIT 0 * a b
    A XADD s NOMKSTREAM * a b
    A XADD s NOMKSTREAM 1-1 a b
    A EXISTS s
    A SET k x
    A XADD k 1-1 a b
    A XADD k NOMKSTREAM 1-1 a b
    A XADD k x a b`,
  "IDs are read as leniently as Redis reads them": `
    A XADD s +1-1 a b
    A XADD s 02-1 a b
    A XADD s _3-_4 a b
    A XADD s 3-+5 a b
    A XADD s 3--5 a b
    A XADD s 3--0 a b
    A XADD s 4--05 a b
    A XADD s 5\\0x a b
    A XADD s 6-1\\0x a b
    A XADD s 6_-1 a b
    A XADD s 7-+* a b
    A XADD s ${"0".repeat(120)}8-1 a b
    A XADD s ${"0".repeat(126)}9 a b
    A XADD s ${"0".repeat(127)}9 a b
    A XRANGE s - +`,
  "intervals have ends that can be left out": `
    A XADD s 1-1 a 1
    A XADD s 1-2 a 2
    A XADD s 2-1 a 3
    A XADD s 3-0 b 4 c 5
    A XRANGE s 1 1
    A XRANGE s 1 2
    A XRANGE s (1-1 (2-1
    A XRANGE s (1 +
    A XRANGE s (1 (3
    A XRANGE s - (3
    A XRANGE s 2 1
    A XRANGE s ( +
    A XRANGE s (- +
    A XRANGE s - (+
    A XRANGE s (${HUGE}-${HUGE} +
    A XRANGE s - (0-0
    A XRANGE s - (0
    A XRANGE s (x +
    A XRANGE s x +
    A XRANGE s - x
    A XRANGE s - + COUNT 2
    A XRANGE s - + COUNT 0
    A XRANGE s - + COUNT -1
    A XRANGE s - + COUNT x
    A XRANGE s - + COUNT
    A XRANGE s - + COUNT 1 COUNT 3
    A XRANGE s - + x 1
    A XRANGE s - + COUNT 9223372036854775807
    A XREVRANGE s + - COUNT 2
    A XREVRANGE s (3 (1-1
    A XREVRANGE s 1 2
    A XREVRANGE s 2 1
    A XREVRANGE s + - COUNT 0
    A XREVRANGE s x -
    A XREVRANGE s + x
    A XRANGE none - +
    A XRANGE none - + COUNT 0
    A XRANGE none x +
    A SET k x
    A XRANGE k - +
    A XRANGE k - + COUNT x
    A XLEN none
    A XLEN k
    A XLEN s
    A HELLO 3
    A XRANGE s - + COUNT 0
    A XRANGE s - + COUNT 1`,
  "XDEL and XTRIM leave what they should": `
    A XADD s 1-1 a 1
    A XADD s 1-2 a 2
    A XADD s 1-3 a 3
    A XADD s 1-4 a 4
    A XDEL s 1-2 1-2 9-9
    A XDEL s 1-1
    A XINFO STREAM s
    A XDEL s 1-3 x
    A XDEL s 1-3 -
    A XDEL none x
    A XDEL none 1-1
    A XLEN s
    A XTRIM s MAXLEN 1
    A XINFO STREAM s
    A XTRIM s MAXLEN 0
    A XINFO STREAM s
    A XADD s 2-1 a 1
    A XINFO STREAM s
    A XDEL s 2-1
    A XINFO STREAM s
    A XTRIM s
    A XTRIM s MAXLEN
    A XTRIM s MAXLEN 1 x
    A XTRIM s x 1
    A XTRIM s LIMIT 5
    A XTRIM s LIMIT 5 x
    A XTRIM s LIMIT 0 LIMIT 0
    A XTRIM s MAXLEN ~ 1 LIMIT -5
    A XTRIM s MAXLEN 1 LIMIT 5
    A XTRIM s NOMKSTREAM MAXLEN 1
    A XTRIM s MINID 5 MAXLEN 1
    A XTRIM none MAXLEN 1
    A SET k x
    A XTRIM k MAXLEN 1
    A XDEL k x
    A XTRIM k MAXLEN x`,
  "XSETID sets what does not contradict the entries": `
    A XSETID s 1-1
    A XADD s 5-5 a 1
    A XADD s 6-6 a 1
    A XSETID s 6-5
    A XSETID s 6-6
    A XSETID s 9-9 ENTRIESADDED 1
    A XSETID s 9-9 ENTRIESADDED -1
    A XSETID s 9-9 ENTRIESADDED x
    A XSETID s 9-9 ENTRIESADDED
    A XSETID s 9-9 ENTRIESADDED 100
    A XSETID s 9-9 MAXDELETEDID 10-1
    A XSETID s 9-9 MAXDELETEDID x
    A XSETID s 9-9 ENTRIESADDED 100 MAXDELETEDID 8-8
    A XSETID s 9-9 MAXDELETEDID 8-8 ENTRIESADDED 9223372036854775807
    A XINFO STREAM s
    A XADD s 30-1 a 1
    A XSETID s 9-9 ENTRIESADDED 9223372036854775807
    A XSETID s x
    A XSETID s -
    A XSETID s 9-9 x
    A XSETID s 99-9 MAXDELETEDID 0-0
    A XINFO GROUPS s
    A SET k x
    A XSETID k 9-9
    A XSETID k x`,
  "XREAD reads behind an ID of several streams": `
    A XADD s 1-1 a 1
    A XADD s 1-2 a 2
    A XADD t 2-1 b 1
    A XREAD STREAMS s 0
    A XREAD STREAMS s t 0 0
    A XREAD COUNT 1 STREAMS s t none 0 1 0
    A XREAD COUNT 0 STREAMS s 0
    A XREAD COUNT -5 STREAMS s 0
    A XREAD COUNT x STREAMS s 0
    A XREAD STREAMS s $
    A XREAD STREAMS s s 0 1-1
    A XREAD STREAMS s 1-1 t
    A XREAD STREAMS
    A XREAD STREAMS s
    A XREAD COUNT 1 s
    A XREAD COUNT 1 COUNT 2
    A XREAD s t u
    A XREAD STREAMS s x
    A XREAD STREAMS s >
    A XREAD STREAMS s -
    A XREAD STREAMS s +
    A XREAD GROUP g c STREAMS s 0
    A XREAD GROUP g STREAMS
    A XREAD NOACK STREAMS s 0
    A XREADGROUP GROUP g c STREAMS s t
    A XREADGROUP GROUP g c STREAMS s t 0
    A XREADGROUP NOACK NOACK NOACK NOACK STREAMS s 0
    A XREADGROUP GROUP g c STREAMS s >
    A XREADGROUP GROUP g c STREAMS none >
    A XREADGROUP GROUP g\\0h c STREAMS s\\0t >
    A SET k x
    A XREAD STREAMS k 0
    A XREAD STREAMS s k 0 0
    A XREADGROUP GROUP g c STREAMS k >
    A HELLO 3
    A XREAD STREAMS s t 0 0
    A XREAD STREAMS s $
    A XREAD COUNT 1 STREAMS s 0`,
  "groups deliver, repeat and forget": `
    A XADD s 1-1 a 1
    A XADD s 1-2 a 2
    A XADD s 1-3 a 3
    A XGROUP CREATE s g 0
    A XGROUP CREATE s g2 1-1
    A XREADGROUP GROUP g c COUNT 2 STREAMS s >
    A XREADGROUP GROUP g c STREAMS s 0
    A XREADGROUP GROUP g c STREAMS s 1-1
    A XREADGROUP GROUP g d STREAMS s 0
    A XREADGROUP GROUP g c COUNT 1 STREAMS s s 0 >
    A XREADGROUP GROUP g c STREAMS s s > >
    A XREADGROUP GROUP g2 c NOACK STREAMS s >
    A XREADGROUP GROUP g2 c NOACK STREAMS s 0
    A XREADGROUP GROUP g c STREAMS s $
    A XREADGROUP GROUP g c STREAMS s x
    A XREADGROUP GROUP g c STREAMS s ${HUGE}-${HUGE}
    A XREADGROUP GROUP g c STREAMS s -
    A XPENDING s g
    A XPENDING s g2
    A XINFO GROUPS s
    A XDEL s 1-2
    A XREADGROUP GROUP g c STREAMS s 0
    A XACK s g 1-2 1-2 9-9
    A XACK s none 1-1
    A XACK none g x
    A XACK s g x
    A XACK s g 1-1 -
    A XACK s g 1-1
    A XREADGROUP GROUP g c STREAMS s 0
    A XGROUP SETID s g 0
    A XREADGROUP GROUP g d STREAMS s >
    A XPENDING s g
    A HELLO 3
    A XREADGROUP GROUP g c STREAMS s 0
    A XREADGROUP GROUP g d COUNT 1 STREAMS s 0
    A XPENDING s g2
    A XINFO GROUPS s`,
  "XGROUP says what is wrong": `
    A XGROUP
    A XGROUP x
    A XGROUP CREATE s g
    A XGROUP CREATE s g $
    A XGROUP CREATE s g $ MKSTREAM
    A XGROUP CREATE s g $ MKSTREAM
    A XGROUP CREATE s h x
    A XGROUP CREATE s h -
    A XGROUP CREATE s h $ x
    A XGROUP CREATE s h $ ENTRIESREAD
    A XGROUP CREATE s h $ ENTRIESREAD x
    A XGROUP CREATE s h $ ENTRIESREAD -2
    A XGROUP CREATE s h $ ENTRIESREAD -1 MKSTREAM
    A XGROUP CREATE s i $ ENTRIESREAD 1 MKSTREAM MKSTREAM
    A XGROUP CREATE s i $ MKSTREAM MKSTREAM MKSTREAM
    A XGROUP CREATE t i x MKSTREAM
    A EXISTS t
    A XGROUP SETID s g
    A XGROUP SETID s none $
    A XGROUP SETID none g $
    A XGROUP SETID s g x
    A XGROUP SETID s g -
    A XGROUP SETID s g +
    A XGROUP SETID s g $ MKSTREAM
    A XGROUP SETID s g $ ENTRIESREAD 5
    A XGROUP SETID s g $ ENTRIESREAD 5 ENTRIESREAD 6
    A XGROUP SETID s g $ ENTRIESREAD -2
    A XGROUP CREATECONSUMER s g c
    A XGROUP CREATECONSUMER s g c
    A XGROUP CREATECONSUMER s none c
    A XGROUP CREATECONSUMER none g c
    A XGROUP CREATECONSUMER s g
    A XGROUP DELCONSUMER s g none
    A XGROUP DELCONSUMER s g c
    A XGROUP DELCONSUMER s none c
    A XGROUP DELCONSUMER none g c
    A XGROUP DESTROY s none
    A XGROUP DESTROY s g
    A XGROUP DESTROY none g
    A XGROUP DESTROY s g x
    A XGROUP HELP
    A XGROUP HELP x
    A XINFO HELP
    A SET k x
    A XGROUP CREATE k g $
    A XGROUP CREATE k g $ MKSTREAM
    A XGROUP SETID k g $
    A XGROUP DESTROY k g
    A XGROUP CREATECONSUMER k g c
    A XGROUP DELCONSUMER k g c
    A XINFO GROUPS s`,
  "XPENDING and its filters": `
    A XADD s 1-1 a 1
    A XADD s 1-2 a 2
    A XGROUP CREATE s g 0
    A XREADGROUP GROUP g c COUNT 1 STREAMS s >
    A XREADGROUP GROUP g d COUNT 1 STREAMS s >
    A XPENDING s g
    A XPENDING s g IDLE 1000000 - + 10
    A XPENDING s g IDLE 1000000 - + 10 c
    A XPENDING s g - + 0
    A XPENDING s g - + -1
    A XPENDING s g - + 10 none
    A XPENDING s g (1-2 + 10
    A XPENDING s g - (1-1 10
    A XPENDING s g 1-2 1-1 10
    A XPENDING s g -
    A XPENDING s g - +
    A XPENDING s g - + x
    A XPENDING s g x + 10
    A XPENDING s g - x 10
    A XPENDING s g (${HUGE}-${HUGE} + 10
    A XPENDING s g - (0-0 10
    A XPENDING s g IDLE x - + 10
    A XPENDING s g IDLE 1 - +
    A XPENDING s g IDLE 1 - + 10 c x
    A XPENDING s g - + 10 c x x x x
    A XPENDING s none
    A XPENDING none g
    A XPENDING s none - + 10
    A SET k x
    A XPENDING k g
    A XPENDING k g - + x`,
  "XCLAIM takes over": `
    A XADD s 1-1 a 1
    A XADD s 1-2 a 2
    A XADD s 1-3 a 3
    A XGROUP CREATE s g 0
    A XREADGROUP GROUP g c COUNT 2 STREAMS s >
    A XCLAIM s g d 0 1-1
    A XCLAIM s g d 1000000 1-2
    A XCLAIM s g d -5 1-2 JUSTID
    A XCLAIM s g e 0 1-3
    A XCLAIM s g e 0 1-3 FORCE
    A XCLAIM s g e 0 9-9 FORCE
    A XCLAIM s g f 0 9-9 FORCE
    A XINFO GROUPS s
    A XCLAIM s g e 0 1-1 1-2 1-3 JUSTID IDLE 5 RETRYCOUNT 5
    A XCLAIM s g e 0 1-1 RETRYCOUNT -5
    A XCLAIM s g e 0 1-1 LASTID 9-9
    A XCLAIM s g e 0 7-7 LASTID 19-9
    A XCLAIM s g e 0 7-7 LASTID 1-9
    A XINFO GROUPS s
    A XCLAIM s g e 0 1-1 x
    A XCLAIM s g e 0 1-1 IDLE
    A XCLAIM s g e 0 1-1 IDLE x
    A XCLAIM s g e 0 1-1 TIME x
    A XCLAIM s g e 0 1-1 RETRYCOUNT x
    A XCLAIM s g e 0 1-1 LASTID x
    A XCLAIM s g e 0 FORCE
    A XCLAIM s g e 0 1-1 FORCE 1-2
    A XCLAIM s g e x 1-1
    A XCLAIM s none e 0 1-1
    A XCLAIM none g e 0 1-1
    A XCLAIM none g e x x
    A XDEL s 1-1
    A XCLAIM s g c 0 1-1
    A XPENDING s g
    A SET k x
    A XCLAIM k g e 0 1-1
    A HELLO 3
    A XCLAIM s g c 0 1-2 1-3
    A XCLAIM s g c 0 1-2 1-3 JUSTID`,
  "XAUTOCLAIM goes round": `
    A XADD s 1-1 a 1
    A XADD s 1-2 a 2
    A XADD s 1-3 a 3
    A XADD s 1-4 a 4
    A XGROUP CREATE s g 0
    A XREADGROUP GROUP g c STREAMS s >
    A XAUTOCLAIM s g d 0 0 COUNT 1
    A XAUTOCLAIM s g d 0 1-2 COUNT 1 JUSTID
    A XAUTOCLAIM s g d 0 (1-2
    A XAUTOCLAIM s g d 1000000 -
    A XAUTOCLAIM s g d -1 - JUSTID
    A XDEL s 1-2 1-3
    A XAUTOCLAIM s g e 0 - COUNT 2
    A XAUTOCLAIM s g e 0 - COUNT 2
    A XAUTOCLAIM s g e 0 - COUNT 2
    A XAUTOCLAIM s g e 0 +
    A XPENDING s g
    A XAUTOCLAIM s g e x -
    A XAUTOCLAIM s g e 0 x
    A XAUTOCLAIM s g e 0 (${HUGE}-${HUGE}
    A XAUTOCLAIM s g e 0 - COUNT 0
    A XAUTOCLAIM s g e 0 - COUNT -1
    A XAUTOCLAIM s g e 0 - COUNT x
    A XAUTOCLAIM s g e 0 - COUNT
    A XAUTOCLAIM s g e 0 - COUNT 576460752303423488
    A XAUTOCLAIM s g e 0 - COUNT 576460752303423487
    A XAUTOCLAIM s g e 0 - x
    A XAUTOCLAIM s none e 0 -
    A XAUTOCLAIM none g e 0 -
    A XAUTOCLAIM none g e 0 - x
    A SET k x
    A XAUTOCLAIM k g e 0 -
    A XAUTOCLAIM k g e x -
    A HELLO 3
    A XAUTOCLAIM s g e 0 -`,
  "XINFO tells of what is not there": `
    A XINFO STREAM none
    A XINFO GROUPS none
    A XINFO CONSUMERS none g
    A XINFO x
    A XINFO STREAM
    A XGROUP CREATE s g $ MKSTREAM
    A XINFO STREAM s
    A XINFO STREAM s FULL
    A XINFO STREAM s FULL COUNT 0
    A XINFO STREAM s FULL COUNT x
    A XINFO STREAM s FULL COUNT
    A XINFO STREAM s FULL LIMIT 1
    A XINFO STREAM s x
    A XINFO STREAM s FULL COUNT 1 x
    A XINFO STREAM s FULL COUNT -5
    A XINFO CONSUMERS s g
    A XINFO CONSUMERS s none
    A XINFO GROUPS s
    A XINFO GROUPS s x
    A SET k x
    A XINFO STREAM k
    A XINFO GROUPS k
    A XINFO CONSUMERS k g
    A HELLO 3
    A XINFO STREAM s
    A XINFO STREAM s FULL
    A XINFO GROUPS s`,
  "lags are computed as Redis computes them": `
    A XGROUP CREATE s g 0 MKSTREAM
    A XINFO GROUPS s
    A XADD s 1-1 a 1
    A XADD s 2-1 a 1
    A XADD s 3-1 a 1
    A XADD s 4-1 a 1
    A XINFO GROUPS s
    A XGROUP CREATE s h 2-1
    A XGROUP CREATE s i 2-1 ENTRIESREAD 2
    A XGROUP CREATE s j 9-1
    A XINFO GROUPS s
    A XREADGROUP GROUP g c COUNT 1 STREAMS s >
    A XREADGROUP GROUP h c COUNT 1 STREAMS s >
    A XINFO GROUPS s
    A XDEL s 3-1
    A XINFO GROUPS s
    A XREADGROUP GROUP g c COUNT 1 STREAMS s >
    A XREADGROUP GROUP i c COUNT 1 STREAMS s >
    A XINFO GROUPS s
    A XTRIM s MAXLEN 1
    A XINFO GROUPS s
    A XDEL s 4-1
    A XINFO GROUPS s
    A XADD s 7-1 a 1
    A XINFO GROUPS s
    A XREADGROUP GROUP h c STREAMS s >
    A XINFO GROUPS s`,
  "WATCH notices entries, not what groups do": ["XADD s 5-5 a 1", "XDEL s 1-1", "XTRIM s MAXLEN 0"]
    .concat("XTRIM s MAXLEN 9", "XGROUP CREATE s h 0", "XGROUP CREATE t h 0 MKSTREAM")
    .concat("XGROUP SETID s g 0", "XGROUP CREATECONSUMER s g d", "XGROUP DELCONSUMER s g c")
    .concat("XREADGROUP GROUP g c STREAMS s >", "XREADGROUP GROUP g c STREAMS s 0")
    .concat("XACK s g 1-1", "XCLAIM s g d 0 1-1", "XAUTOCLAIM s g d 0 0", "XSETID s 9-9")
    .concat("XGROUP DESTROY s g", "XPENDING s g").map((line) => `
    A DEL s t
    A XADD s 1-1 a 1
    A XADD s 1-2 a 1
    A XGROUP CREATE s g 0
    A XREADGROUP GROUP g c COUNT 1 STREAMS s >
    A WATCH s t
    B ${line}
    A MULTI
    A PING
    A EXEC`).join(""),
};

Deno.test({ name: "streams answer as those of Redis", ...withRedis }, async (t) => {
  await using redis = await startRedis();
  await using redeno = await startRedeno(["--save", ""]);
  for (const [name, script] of Object.entries(SCRIPTS)) {
    await t.step(name, () => runScript(redis, redeno, script));
  }
});

/** Digits of a time: since the epoch in ms. */
function withoutTimes(reply: string): string {
  return reply.replace(/:\d{13}\b/g, ":<time>");
}

Deno.test({
  name: "XINFO STREAM FULL shows groups and consumers as Redis shows them",
  ...withRedis,
}, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno(["--save", ""]);
  await using pair = await Pair.open(redis.port, redeno.port);
  for (const protocol of ["2", "3"]) {
    await pair.bothWith({ ignore: true }, "HELLO", protocol);
    await pair.both("FLUSHALL");
    for (let i = 1; i <= 15; i++) await pair.both("XADD", "s", `${i}-1`, "a", String(i), "b", "x");
    await pair.both("XGROUP", "CREATE", "s", "g", "0");
    await pair.both("XGROUP", "CREATE", "s", "empty", "$", "ENTRIESREAD", "3");
    await pair.both("XREADGROUP", "GROUP", "g", "c", "COUNT", "12", "STREAMS", "s", ">");
    await pair.both("XREADGROUP", "GROUP", "g", "b", "COUNT", "1", "STREAMS", "s", ">");
    await pair.both("XCLAIM", "s", "g", "b", "0", "3-1", "RETRYCOUNT", "9");
    for (const options of [[], ["COUNT", "2"], ["COUNT", "0"], ["COUNT", "-1"]]) {
      const command = ["XINFO", "STREAM", "s", "FULL", ...options];
      const left = await pair.left.callRaw(...command);
      assertEquals(withoutTimes(await pair.right.callRaw(...command)), withoutTimes(left));
    }
  }
});

Deno.test(
  { name: "approximate trimming removes what Redis removes, at any size", ...withRedis },
  async () => {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);
    const sizes = [1, 3, 10, 50, 150, 700];
    for (const [i, size] of sizes.entries()) {
      const key = `s${i}`;
      const commands = Array.from({ length: 1200 }, (_, n) => [
        "XADD",
        key,
        ...(n % 50 === 49 ? ["MAXLEN", "~", String(400 + n % 300)] : []),
        `${n + 1}-*`,
        n % 7 === 0 ? "field" : "other",
        String(n).repeat(size),
      ]);
      const [left, right] = await Promise.all([
        pair.left.pipelineRaw(commands),
        pair.right.pipelineRaw(commands),
      ]);
      assertEquals(right, left);
      await pair.both("XINFO", "STREAM", key);
      for (
        const rest of ["MAXLEN ~ 390", "MINID ~ 900", "MAXLEN ~ 0 LIMIT 99", "MAXLEN ~ 0 LIMIT 0"]
      ) {
        await pair.both("XTRIM", key, ...rest.split(" "));
        await pair.both("XINFO", "STREAM", key);
      }
    }
  },
);

Deno.test({ name: "chunks follow stream-node-max-bytes and -entries", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno(["--save", ""]);
  await using pair = await Pair.open(redis.port, redeno.port);
  await pair.both("CONFIG", "SET", "rdbcompression", "no");
  for (
    const [entries, bytes] of [["0", "0"], ["1", "0"], ["0", "100"], ["200", "0"], ["5000", "1mb"]]
  ) {
    await pair.both("CONFIG", "SET", "stream-node-max-entries", entries);
    await pair.both("CONFIG", "SET", "stream-node-max-bytes", bytes);
    await pair.both("DEL", "s");
    const commands = Array.from({ length: 600 }, (_, n) => ["XADD", "s", `${n + 1}`, "a", `${n}`]);
    await Promise.all([pair.left.pipelineRaw(commands), pair.right.pipelineRaw(commands)]);
    await pair.both("XTRIM", "s", "MAXLEN", "~", "450");
    await pair.both("XTRIM", "s", "MAXLEN", "445");
    await pair.both("XDEL", "s", "300", "310", "599");
    await pair.both("XINFO", "STREAM", "s");
    await pair.both("XREVRANGE", "s", "+", "-", "COUNT", "50");
    await pair.both("XRANGE", "s", "305", "320");
    await pair.both("DUMP", "s");
  }
});

const EVENT_SCRIPT = `XADD s 1-1 a 1
  XADD s 1-2 a 1
  XADD s 1-3 a 1
  XADD none NOMKSTREAM 1-1 a 1
  XGROUP CREATE s g 0
  XGROUP CREATE t g 0 MKSTREAM
  XGROUP CREATE t g 0 MKSTREAM
  XGROUP CREATECONSUMER s g c
  XGROUP CREATECONSUMER s g c
  XGROUP SETID s g 0
  XREADGROUP GROUP g c COUNT 1 STREAMS s >
  XREADGROUP GROUP g d STREAMS s 0
  XREADGROUP GROUP g e NOACK STREAMS s >
  XCLAIM s g f 0 1-1
  XAUTOCLAIM s g h 0 0
  XACK s g 1-1
  XREAD STREAMS none s 0 0
  XREAD STREAMS none 0
  XPENDING none g
  XLEN none
  XRANGE none - +
  XINFO STREAM none
  XDEL none 1-1
  XTRIM none MAXLEN 0
  XTRIM s MAXLEN 2
  XTRIM s MAXLEN 2
  XADD s MAXLEN 1 2-2 a b
  XDEL s 2-2
  XDEL s 2-2
  XSETID s 9-9
  XGROUP DELCONSUMER s g f
  XGROUP DELCONSUMER s g f
  XGROUP DESTROY s g
  XGROUP DESTROY s g`.split("\n").map((line) => line.trim().split(" "));

Deno.test(
  { name: "stream commands tell of the events that Redis tells of", ...withRedis },
  async () => {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    const wanted = await publishedEvents(redis, EVENT_SCRIPT);
    assertGreater(wanted.length, 20);
    assertEquals(await publishedEvents(redeno, EVENT_SCRIPT), wanted);
  },
);

Deno.test(
  { name: "an ID of XADD * is the time of the server, and rises", ...withRedis },
  async () => {
    await using redeno = await startRedeno(["--save", ""]);
    await using client = await connect(redeno.port);
    let last = "";
    const before_ms = Date.now();
    const replies = await client.pipelineRaw(
      Array.from({ length: 500 }, () => ["XADD", "s", "*", "a", "1"]),
    );
    for (const reply of replies) {
      const [, id] = reply.split("\r\n");
      const [ms, seq] = id.split("-").map(Number);
      assertEquals(Math.abs(ms - before_ms) < 10_000, true, id);
      const sortable = `${String(ms).padStart(16, "0")}-${String(seq).padStart(16, "0")}`;
      assertEquals(sortable > last, true, latin1(new TextEncoder().encode(id)));
      last = sortable;
    }
  },
);
