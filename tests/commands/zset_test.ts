/** Commands on sorted sets and places, by hand: options, bounds, forms of replies, error texts. */

import { assertEquals } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { runScript } from "./sessions.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const SCRIPTS: Readonly<Record<string, string>> = {
  "ZADD's options and what does not go together": `
    A ZADD z 1 a 2 b 3 c
    A ZADD z NX 5 a 4 d
    A ZADD z XX CH 5 a 9 new
    A ZADD z GT CH 1 a 7 b
    A ZADD z LT CH 9 a 1 b 0 e
    A ZADD z GT XX 100 f 100 a
    A ZADD z INCR 2.5 a
    A ZADD z NX INCR 1 a
    A ZADD z XX INCR 1 nobody
    A ZADD z GT INCR -1 a
    A ZADD z incr 1 a
    A ZADD z NX XX 1 a
    A ZADD z NX GT 1 a
    A ZADD z LT GT 1 a
    A ZADD z INCR 1 a 2 b
    A ZADD z 1
    A ZADD z 1 a 2
    A ZADD z NX
    A ZADD z NX XX
    A ZADD z x a
    A ZADD z 1 a x b
    A ZADD z nan a
    A ZADD z inf a
    A ZADD z INCR -inf a
    A ZINCRBY z -inf a
    A ZINCRBY z x a
    A ZINCRBY z 1 ""
    A ZADD z NX NX CH ch 1 a
    A ZADD none XX 1 a
    A EXISTS none
    A ZRANGE z 0 -1 WITHSCORES
    A SET s text
    A ZADD s 1 a
    A ZADD s x a
    A ZINCRBY s 1 a`,
  "ranges by rank, score and text with their bounds": `
    A ZADD z 1 a 2 b 3 c 3 cc 4 d
    A ZRANGE z 0 -1
    A ZRANGE z 1 2 REV WITHSCORES
    A ZRANGE z (1 3 BYSCORE
    A ZRANGE z 3 (1 BYSCORE REV WITHSCORES
    A ZRANGE z -inf +inf BYSCORE LIMIT 1 2
    A ZRANGE z -inf +inf BYSCORE LIMIT -1 2
    A ZRANGE z -inf +inf BYSCORE LIMIT 1 -2
    A ZRANGE z 0 -1 LIMIT 0 -1
    A ZRANGE z 0 -1 LIMIT 0 1
    A ZRANGE z 0 -1 BYLEX WITHSCORES
    A ZRANGE z - + BYLEX WITHSCORES
    A ZRANGE z 0 -1 BYLEX
    A ZRANGE z a b BYSCORE
    A ZRANGE z a b
    A ZRANGE z 0 x
    A ZRANGE z 0 -1 REV REV
    A ZRANGE z 0 -1 BYSCORE BYSCORE
    A ZRANGE z 0 -1 LIMIT 1
    A ZRANGE z 0 -1 LIMIT x 1
    A ZREVRANGE z 0 1 WITHSCORES
    A ZREVRANGE z 0 1 REV
    A ZRANGEBYSCORE z _1 _2
    A ZRANGEBYSCORE z "" 2
    A ZRANGEBYSCORE z ( 2
    A ZRANGEBYSCORE z 1\\0x 2
    A ZRANGEBYSCORE z 1e400 2
    A ZRANGEBYSCORE z -1e400 1e400
    A ZRANGEBYSCORE z nan 2
    A ZRANGEBYSCORE z _ 2
    A ZCOUNT z (1 (4
    A ZCOUNT z x 1
    A ZCOUNT none x 1
    A ZLEXCOUNT z - +
    A ZLEXCOUNT z a +
    A ZADD t 0 a 0 b 0 ba 0 c
    A ZRANGEBYLEX t [b (c
    A ZRANGEBYLEX t - [b LIMIT 1 1
    A ZREVRANGEBYLEX t + (a
    A ZREVRANGEBYLEX t (c - LIMIT 0 1
    A ZLEXCOUNT t (a +
    A ZLEXCOUNT t + -
    A ZREMRANGEBYLEX t [b [ba
    A ZREMRANGEBYSCORE z (3 +inf
    A ZREMRANGEBYRANK z 0 -3
    A ZREMRANGEBYRANK z 5 9
    A ZREMRANGEBYRANK z x 9
    A ZREMRANGEBYLEX z x y
    A ZRANGE z 0 -1
    A ZREMRANGEBYRANK z 0 -1
    A EXISTS z
    A ZRANGESTORE d t 0 -1
    A ZRANGESTORE d t 0 -1 WITHSCORES
    A ZRANGESTORE d none 0 -1
    A EXISTS d
    A SET s text
    A ZRANGE s 0 -1
    A ZRANGESTORE d s 0 -1
    A ZRANGESTORE s t 0 -1
    A TYPE s`,
  "popping, with and without a count": `
    A ZADD z 1 a 2 b 3 c 4 d 5 e
    A ZPOPMIN z
    A ZPOPMAX z 2
    A ZPOPMIN z 0
    A ZPOPMIN z -1
    A ZPOPMIN z x
    A ZPOPMIN z 1 2
    A ZPOPMIN none
    A ZMPOP 2 none z MAX
    A ZMPOP 1 z MIN COUNT 9
    A ZMPOP 1 z MIN
    A ZMPOP 0 z MIN
    A ZMPOP 2 z MIN
    A ZMPOP 1 z MID
    A ZMPOP 1 z MIN COUNT
    A ZMPOP 1 z MIN COUNT 0
    A ZMPOP 1 z MIN COUNT 1 COUNT 1
    A BZPOPMIN z x
    A BZPOPMIN z -1
    A BZPOPMAX z 0.01
    A BZMPOP 0.01 1 z MAX
    A BZMPOP x 1 z MAX
    A BZMPOP 0 0 z MAX
    A BZMPOP -1 0 z MAX
    A BZMPOP x 1 z MID
    A ZADD z 1 a 2 b
    A BZPOPMIN none z 0
    A BZMPOP 0 2 none z MAX COUNT 5
    A SET s text
    A ZPOPMIN s
    A ZMPOP 2 none s MIN
    A BZPOPMIN none s z 0
    A MULTI
    A BZPOPMIN none 0
    A BZMPOP 0 1 none MIN
    A EXEC`,
  "asking for members": `
    A ZADD z 1 a 2.5 b -0 c 1e17 d 4e18 e inf f
    A ZSCORE z a
    A ZSCORE z nobody
    A ZSCORE none a
    A ZMSCORE z a nobody b
    A ZMSCORE none a
    A ZRANK z b
    A ZREVRANK z b
    A ZRANK z nobody
    A ZRANK none a
    A ZCARD z
    A ZCARD none
    A ZSCAN z 0
    A ZSCAN z 0 MATCH a COUNT 1
    A ZSCAN z x
    A ZSCAN z 0 COUNT 0
    A ZSCAN z 0 NO
    A ZSCAN none 0 NO
    A ZRANDMEMBER z 0
    A ZRANDMEMBER z 100
    A ZRANDMEMBER z 100 WITHSCORES
    A ZRANDMEMBER z x
    A ZRANDMEMBER z -9223372036854775808
    A ZRANDMEMBER z 9223372036854775807 WITHSCORES
    A ZRANDMEMBER z 1 NO
    A ZRANDMEMBER z 1 WITHSCORES NO
    A ZRANDMEMBER none
    A ZRANDMEMBER none 1
    A ZREM z a nobody b
    A ZREM none a
    A ZREM z c d e f
    A EXISTS z
    A SET s text
    A ZSCORE s a
    A ZCARD s
    A ZREM s a
    A ZRANK s a
    A ZSCAN s 0
    A ZRANDMEMBER s`,
  "combining sorted sets and sets": `
    A ZADD a 1 x 2 y 3 z
    A ZADD b 10 y 20 z inf w
    A SADD s x y q
    A SADD i 1 2 3
    A ZUNION 2 a b WITHSCORES
    A ZUNION 3 a b s WEIGHTS 1 -1 0.5 AGGREGATE MIN WITHSCORES
    A ZUNION 2 b b WEIGHTS 1 -1 WITHSCORES
    A ZUNION 1 b WEIGHTS 0 WITHSCORES
    A ZUNION 2 a i
    A ZINTER 2 a s WITHSCORES
    A ZINTER 2 a a AGGREGATE MAX WITHSCORES
    A ZDIFF 2 a b WITHSCORES
    A ZDIFF 2 a a
    A ZDIFF 1 s WITHSCORES
    A ZINTERCARD 2 a b
    A ZINTERCARD 2 a b LIMIT 1
    A ZINTERCARD 2 a b LIMIT 0
    A ZINTERCARD 2 a b LIMIT -1
    A ZINTERCARD 2 a b WITHSCORES
    A ZUNIONSTORE a 2 a b AGGREGATE SUM
    A ZRANGE a 0 -1 WITHSCORES
    A ZINTERSTORE d 2 a none
    A ZDIFFSTORE d 1 s
    A ZRANGE d 0 -1 WITHSCORES
    A ZUNION 0 a
    A ZUNION x a
    A ZUNION 3 a b
    A ZUNION 2 a b WEIGHTS 1
    A ZUNION 2 a b WEIGHTS 1 x
    A ZUNION 2 a b AGGREGATE AVG
    A ZUNION 2 a b AGGREGATE
    A ZUNION 2 a b NO
    A ZDIFF 2 a b WEIGHTS 1 1
    A ZUNIONSTORE d 2 a b WITHSCORES
    A SET t text
    A ZUNION 2 a t
    A ZUNION 2 a t NO
    A ZUNIONSTORE t 1 a
    A TYPE t`,
  "the limits of the packed form": `
    A CONFIG SET zset-max-listpack-entries 3 zset-max-listpack-value 5
    A ZADD z 1 a 2 b 3 c
    A OBJECT ENCODING z
    A ZADD z 9 a
    A OBJECT ENCODING z
    A ZADD z 4 d
    A OBJECT ENCODING z
    A ZREM z a b c
    A OBJECT ENCODING z
    A ZADD y 1 12345
    A OBJECT ENCODING y
    A ZADD y 1 123456
    A OBJECT ENCODING y
    A ZADD x 1 123456
    A OBJECT ENCODING x
    A ZRANGESTORE w y 0 0
    A OBJECT ENCODING w
    A ZUNIONSTORE w 1 z
    A OBJECT ENCODING w
    A COPY y v
    A OBJECT ENCODING v
    A ZADD w -0 m
    A ZSCORE w m
    A ZADD y -0 m
    A ZSCORE y m
    A CONFIG SET zset-max-listpack-entries 0
    A ZADD u -0 a
    A OBJECT ENCODING u
    A ZSCORE u a
    A CONFIG SET zset-max-listpack-entries 128 zset-max-listpack-value 64`,

  "a source that has expired, between others": `
    A DEBUG SET-ACTIVE-EXPIRE 0
    A ZADD a 1 x 2 y
    A SADD b y z
    A SET gone v PXAT 1
    A ZUNION 3 a gone b WITHSCORES
    A SET gone v PXAT 1
    A ZINTER 3 a b gone
    A SET gone v PXAT 1
    A ZDIFF 3 gone a b
    A SET gone v PXAT 1
    A ZDIFF 3 a gone b
    A SET gone v PXAT 1
    A ZUNIONSTORE gone 3 b gone a
    A ZRANGE gone 0 -1 WITHSCORES
    A ZINTERCARD 2 gone b
    A DEBUG SET-ACTIVE-EXPIRE 1`,
  "many members in common, with equal scores, out of sets": `
    A SADD s m01 m02 m03 m04 m05 m06 m07 m08 m09 m10 m11 m12 m13 m14 m15 m16 m17 m18 m19 m20
    A SADD t m20 m19 m18 m17 m16 m15 m14 m13 m12 m11 m10 m09 m08 m07 m06 m05 m04 m03 m02 m0 m
    A ZUNION 2 s t WITHSCORES
    A ZUNION 2 t s AGGREGATE MAX WITHSCORES
    A ZINTER 3 s t s WEIGHTS 1 -1 3 WITHSCORES
    A ZDIFF 2 s t
    A ZUNIONSTORE d 3 s t s
    A ZRANGE d 0 -1 WITHSCORES
    A ZUNION 2 d none WITHSCORES`,
};

/** What the help of the oracle says about places; see `geo_generated_test.ts` for the rest. */
const GEO = `
    A GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 2.349014 48.864716 Paris
    A GEODIST g Palermo Catania
    A GEODIST g Palermo Catania km
    A GEODIST g Palermo nobody
    A GEODIST g Palermo Catania x
    A GEODIST g Palermo Catania km x
    A GEODIST none a b x
    A GEOHASH g Palermo nobody
    A GEOHASH g
    A GEOPOS g Palermo nobody
    A GEOPOS none a
    A GEOADD g 200 0 a
    A GEOADD g 1e30 -inf a
    A GEOADD g x 0 a
    A GEOADD g 1 2 a 3
    A GEOADD g NX XX 1 2 a
    A GEOADD g CH CH CH
    A GEOADD g INCR 1 2 a
    A GEOADD g XX CH 1 2 a 13 38 Palermo
    A GEORADIUS g 15 37 200 km WITHDIST WITHCOORD WITHHASH
    A GEORADIUS g 15 37 -1 km
    A GEORADIUS g 15 37 x km
    A GEORADIUS g 15 37 200 x
    A GEORADIUS g 15 137 200 x
    A GEORADIUS g 15 37 200 km COUNT 0
    A GEORADIUS g 15 37 200 km COUNT x
    A GEORADIUS g 15 37 200 km ANY
    A GEORADIUS g 15 37 200 km STORE d WITHDIST
    A GEORADIUS g 15 37 200 km STORE d
    A ZRANGE d 0 -1 WITHSCORES
    A GEORADIUS_RO g 15 37 200 km STORE d
    A GEORADIUSBYMEMBER g nobody 1 km
    A GEORADIUSBYMEMBER none nobody x km
    A GEORADIUSBYMEMBER g Palermo 200 km ASC WITHDIST
    A GEOSEARCH g FROMMEMBER nobody BYRADIUS 1 km
    A GEOSEARCH none FROMMEMBER nobody BYRADIUS 1 km
    A GEOSEARCH none FROMMEMBER nobody BYRADIUS x km
    A GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km DESC WITHDIST
    A GEOSEARCH g FROMLONLAT 15 37 BYBOX -400 400 km
    A GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 x km
    A GEOSEARCH g FROMLONLAT 15 37 BYBOX x 1 km
    A GEOSEARCH g FROMLONLAT 15 37 ASC DESC
    A geosearch g BYBOX 400 400 km ASC ASC
    A GEOSEARCH g FROMLONLAT 15 37 FROMMEMBER Palermo BYBOX 1 1 km
    A GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km BYBOX 1 1 km
    A GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km WITHDIST
    A GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km ASC STOREDIST
    A ZRANGE d 0 -1 WITHSCORES
    A GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km STOREDIST x
    A GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km STOREDIST
    A GEORADIUS g 15 37 200 km STORE d STOREDIST e
    A GEORADIUS g 15 37 200 km STORE
    A GEORADIUS none 15 37 200 km STORE d
    A EXISTS d e
    A SET s text
    A GEOADD s 1 1 a
    A GEODIST s a b
    A GEOSEARCH s x y z x y z`;

Deno.test({
  name: "sorted sets answer as in Redis",
  ...withRedis,
  async fn(t) {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    for (const [name, script] of Object.entries({ ...SCRIPTS, "places": GEO })) {
      for (const protocol of ["2", "3"]) {
        await t.step(`${name}, RESP${protocol}`, async () => {
          await runScript(redis, redeno, `A HELLO ${protocol}\n${script}`);
        });
      }
    }
  },
});

async function answers(
  server: Server,
  commands: readonly string[],
  hello = "2",
): Promise<string[]> {
  await using client = await connect(server.port);
  await client.call("HELLO", hello);
  const replies: string[] = [];
  for (const command of commands) replies.push(await client.callRaw(...command.split(" ")));
  return replies;
}

Deno.test("WITHSCORE tells rank and score, as in Redis 7.2", async () => {
  await using redeno = await startRedeno(["--save", ""]);
  const commands = [
    "ZADD z 1 a 2.5 b",
    "ZRANK z b WITHSCORE",
    "ZREVRANK z b withscore",
    "ZRANK z nobody WITHSCORE",
    "ZRANK none a WITHSCORE",
    "ZRANK z a NO",
    "ZRANK z a WITHSCORE NO",
  ];
  assertEquals(await answers(redeno, commands), [
    ":2\r\n",
    "*2\r\n:1\r\n$3\r\n2.5\r\n",
    "*2\r\n:0\r\n$3\r\n2.5\r\n",
    "*-1\r\n",
    "*-1\r\n",
    "-ERR syntax error\r\n",
    "-ERR wrong number of arguments for 'zrank' command\r\n",
  ]);
  assertEquals((await answers(redeno, commands, "3")).slice(1, 4), [
    "*2\r\n:1\r\n,2.5\r\n",
    "*2\r\n:0\r\n,2.5\r\n",
    "_\r\n",
  ]);
});

Deno.test("ZRANDMEMBER chooses each member alike, and none twice where that is asked", async () => {
  await using redeno = await startRedeno(["--save", ""]);
  await using client = await connect(redeno.port);
  for (const size of [10, 400]) {
    const members = Array.from({ length: size }, (_, i) => `m${i}`);
    await client.call("DEL", "z");
    await client.call("ZADD", "z", ...members.flatMap((member, i) => [String(i % 7), member]));
    const drawn = new Map<string, number>();
    for (const count of [3, size - 1, -2 * size]) {
      for (let round = 0; round < 20; round++) {
        const reply = await client.call("ZRANDMEMBER", "z", String(count));
        if (reply.type !== "array") throw new Error(`no array: ${JSON.stringify(reply)}`);
        const names = reply.items.map((item) => "value" in item ? String(item.value) : "?");
        assertEquals(names.length, Math.abs(count));
        if (count > 0) assertEquals(new Set(names).size, count);
        for (const name of names) drawn.set(name, (drawn.get(name) ?? 0) + 1);
      }
    }
    assertEquals([...drawn.keys()].sort(), members.toSorted());
  }
});

Deno.test({
  name: "a full ZSCAN of a large set returns each member once",
  ...withRedis,
  async fn() {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);
    const members = Array.from({ length: 3000 }, (_, i) => `m${i}`);
    await pair.both("ZADD", "z", ...members.flatMap((member, i) => [String(i / 8), member]));
    const found: string[] = [];
    let cursor = "0";
    do {
      const reply = await pair.right.call("ZSCAN", "z", cursor, "COUNT", "100");
      if (reply.type !== "array") throw new Error("no array");
      const [next, page] = reply.items;
      cursor = "value" in next ? String(next.value) : "";
      if ("items" in page) {
        found.push(...page.items.map((item) => "value" in item ? String(item.value) : "?"));
      }
    } while (cursor !== "0");
    const pairs = found.filter((_, i) => i % 2 === 0).map((member, i) =>
      `${member}=${found[2 * i + 1]}`
    );
    assertEquals(pairs.sort(), members.map((member, i) => `${member}=${i / 8}`).sort());
  },
});
