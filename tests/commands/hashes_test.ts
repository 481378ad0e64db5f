/** The commands on hashes against the real Redis: every option, every refusal, both protocols. */

import { assert, assertEquals, assertGreater, assertLess } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { flags } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import { strings } from "./hashes_kit.ts";
import { runScript } from "./sessions.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const { size } = flags(2000);

const INT_MAX = "9223372036854775807";
const INT_MIN = "-9223372036854775808";
const X64 = "x".repeat(64);
const X65 = "x".repeat(65);

/** Name of the behaviour, and the commands that show it. */
const SCRIPTS: readonly (readonly [name: string, script: string])[] = [
  [
    "what HSET stored is read by every command, and nothing where there is nothing",
    `A HSET h a 1 b 2 a 3
     A HSET h a 4 c ""
     A HSET h "" x \\0\\r\\n \\0
     A HGETALL h
     A HKEYS h
     A HVALS h
     A HLEN h
     A HGET h a
     A HGET h ""
     A HGET h \\0\\r\\n
     A HGET h no
     A HMGET h a no b "" a
     A HEXISTS h c
     A HEXISTS h no
     A HSTRLEN h a
     A HSTRLEN h c
     A HSTRLEN h no
     A HGETALL none
     A HKEYS none
     A HVALS none
     A HLEN none
     A HGET none a
     A HMGET none a b
     A HEXISTS none a
     A HSTRLEN none a
     A TYPE h
     A OBJECT ENCODING h
     A HMSET h a 5 d 6
     A HGETALL h
     A HSETNX h a 7
     A HSETNX h e 7
     A HSETNX new e 7
     A HGETALL new
     A HDEL h a no b a
     A HDEL h no
     A HDEL none a
     A HDEL new no
     A HDEL new e x
     A EXISTS new
     A HGETALL h`,
  ],
  [
    "the wrong number of arguments is refused with the command's name",
    ["HSET", "HSET h", "HSET h a", "HSET h a 1 b", "HMSET h a 1 b", "HMSET h a", "HGET h"]
      .concat("HGET h a b", "HMGET h", "HGETALL", "HGETALL h x", "HKEYS", "HVALS h x", "HLEN")
      .concat("HEXISTS h", "HSTRLEN h", "HSETNX h a", "HSETNX h a 1 b", "HDEL h", "HINCRBY h a")
      .concat("HINCRBYFLOAT h a", "HRANDFIELD", "HSCAN h", "hSeT h a 1 b", "HMSET h")
      .map((command) => `A ${command}`).join("\n"),
  ],
  [
    "a key of another type is refused",
    ["HSET s a 1", "HMSET s a 1", "HGET s a", "HMGET s a", "HGETALL s", "HKEYS s", "HVALS s"]
      .concat("HLEN s", "HEXISTS s a", "HSTRLEN s a", "HSETNX s a 1", "HDEL s a", "HINCRBY s a 1")
      .concat("HINCRBYFLOAT s a 1", "HRANDFIELD s", "HRANDFIELD s 1", "HSCAN s 0", "HSET s a")
      .concat("HINCRBY s a x", "HINCRBYFLOAT s a x", "HINCRBYFLOAT s a inf", "HRANDFIELD s x")
      .concat("HSCAN s x", "HSCAN s 0 FOO", "GET h", "INCR h", "APPEND h x", "STRLEN h", "GETEX h")
      .concat("GETDEL h", "SETRANGE h 0 x", "MGET h s", "SETNX h 1", "SET h 1 GET", "LCS h s")
      .map((command) => `A ${command}`).join("\n").replace(/^/, "A SET s 1\nA HSET h a 1\n"),
  ],
  [
    "HINCRBY keeps within 64 bits and refuses what is no integer",
    `A HINCRBY h n 5
     A HINCRBY h n -7
     A HGET h n
     A HINCRBY h n ${INT_MAX}
     A HINCRBY h n 10
     A HINCRBY h n ${INT_MIN}
     A HINCRBY h n ${INT_MIN}
     A HSET h t abc f 1.5 s _1 e "" z 007 m ${INT_MAX} l ${INT_MIN}
     A HINCRBY h t 1
     A HINCRBY h f 1
     A HINCRBY h s 1
     A HINCRBY h e 1
     A HINCRBY h z 1
     A HINCRBY h m 0
     A HINCRBY h m -1
     A HINCRBY h m 2
     A HINCRBY h l -1
     A HINCRBY h n x
     A HINCRBY h n 1.0
     A HINCRBY h n 9223372036854775808
     A HINCRBY h n ""
     A HINCRBY none n x
     A EXISTS none
     A HGETALL h`,
  ],
  [
    "HINCRBYFLOAT adds as Redis adds, and refuses what is no number",
    `A HINCRBYFLOAT h n 1.5
     A HINCRBYFLOAT h n 0.1
     A HINCRBYFLOAT h n -1.6
     A HSET h a 8785.89 b abc c 3.0e3 d "" e _1 i 5 big 1e300
     A HINCRBYFLOAT h a 21.63
     A HINCRBYFLOAT h b 1
     A HINCRBYFLOAT h c 200
     A HINCRBYFLOAT h d 1
     A HINCRBYFLOAT h e 1
     A HINCRBYFLOAT h i 5
     A HINCRBYFLOAT h i 0.5
     A HINCRBYFLOAT h big 1e300
     A HINCRBYFLOAT h n inf
     A HINCRBYFLOAT h n -inf
     A HINCRBYFLOAT h n nan
     A HINCRBYFLOAT h n x
     A HINCRBYFLOAT h n ""
     A HINCRBYFLOAT h n 1e4932
     A HINCRBYFLOAT h m 1.1e4932
     A HINCRBYFLOAT h m 1.1e4932
     A HINCRBYFLOAT none n inf
     A EXISTS none
     A HGET h i
     A OBJECT ENCODING h`,
  ],
  [
    "a hash is packed up to the limits and a table beyond them",
    `A HSET h ${X64} ${X64}
     A OBJECT ENCODING h
     A HSET v f ${X65}
     A OBJECT ENCODING v
     A HSET f ${X65} v
     A OBJECT ENCODING f
     A HDEL v f
     A EXISTS v
     A HSET v f 1
     A OBJECT ENCODING v
     A HSETNX v f ${X65}
     A OBJECT ENCODING v
     A HSETNX v g ${X65}
     A OBJECT ENCODING v
     A HINCRBYFLOAT i ${X65} 1
     A OBJECT ENCODING i
     A HINCRBY j ${X65} 1
     A OBJECT ENCODING j
     A CONFIG SET hash-max-listpack-entries 3 hash-max-listpack-value 5
     A HSET k a 1 b 2 c 3
     A OBJECT ENCODING k
     A HSET k a 1
     A OBJECT ENCODING k
     A HSET k d 4
     A OBJECT ENCODING k
     A HDEL k b c d
     A OBJECT ENCODING k
     A HSET l a 12345
     A OBJECT ENCODING l
     A HINCRBY l a 99999
     A OBJECT ENCODING l
     A HSET m a 1 b 2 c 3
     A CONFIG SET hash-max-ziplist-entries 2
     A OBJECT ENCODING m
     A HGET m a
     A HSETNX m a 1
     A OBJECT ENCODING m
     A HSET m b 2
     A OBJECT ENCODING m
     A HGETALL l
     A CONFIG SET hash-max-listpack-entries 0
     A HSET o a 1
     A OBJECT ENCODING o
     A CONFIG SET hash-max-listpack-entries 512 hash-max-listpack-value 64
     A HSET k b 1
     A OBJECT ENCODING k`,
  ],
  [
    "a hash keeps its expiry, is copied, renamed and moved",
    `A HSET h a 1
     A PEXPIREAT h 33000000000123
     A HSET h a 2 b 3
     A HINCRBY h a 5
     A HDEL h b
     A PEXPIRETIME h
     A COPY h g
     A HSET g a 9
     A HGETALL h
     A RENAME g i
     A HGETALL i
     A PEXPIRETIME i
     A MOVE i 1
     A SELECT 1
     A HGETALL i
     A SELECT 0
     A SET h 1
     A TYPE h
     A DEL h
     A HSET h f ${X65}
     A COPY h g
     A HSET g f 1
     A HGETALL h
     A RENAME g i
     A HGETALL i
     A OBJECT ENCODING i
     A SET i 1
     A GET i
     A UNLINK h
     A EXISTS h`,
  ],
  [
    "HRANDFIELD's arguments are checked in Redis's order",
    `A HRANDFIELD none
     A HRANDFIELD none 5
     A HRANDFIELD none -5 WITHVALUES
     A HRANDFIELD none 0
     A HSET h a 1
     A HRANDFIELD h
     A HRANDFIELD h 0
     A HRANDFIELD h 1
     A HRANDFIELD h 5
     A HRANDFIELD h -3
     A HRANDFIELD h 5 WITHVALUES
     A HRANDFIELD h -2 withvalues
     A HRANDFIELD h x
     A HRANDFIELD h x FOO
     A HRANDFIELD h 1 FOO
     A HRANDFIELD h 1 WITHVALUES x
     A HRANDFIELD h ${INT_MIN}
     A HRANDFIELD h ${INT_MIN} WITHVALUES
     A HRANDFIELD h ${INT_MAX}
     A HRANDFIELD h ${INT_MAX} WITHVALUES
     A HRANDFIELD h 4611686018427387903 WITHVALUES
     A HRANDFIELD h 4611686018427387904 WITHVALUES
     A HRANDFIELD h -4611686018427387904 WITHVALUES
     A HRANDFIELD none -9223372036854775807
     A HRANDFIELD none ${INT_MAX} WITHVALUES`,
  ],
  [
    "HSCAN's arguments are checked in Redis's order, and a packed hash is shown whole",
    `A HSCAN none 0
     A HSCAN none 5 COUNT x
     A HSCAN none x
     A HSET h a 1 b 2 ab 3 \\0\\r\\n x
     A HSCAN h 0
     A HSCAN h 7
     A HSCAN h 18446744073709551615
     A HSCAN h 18446744073709551616
     A HSCAN h -1
     A HSCAN h x FOO
     A HSCAN h 0 MATCH a*
     A HSCAN h 0 MATCH [ab] COUNT 1
     A HSCAN h 0 MATCH *
     A HSCAN h 0 MATCH nothing
     A HSCAN h 0 COUNT 0
     A HSCAN h 0 COUNT -1
     A HSCAN h 0 COUNT x
     A HSCAN h 0 COUNT
     A HSCAN h 0 FOO 1
     A HSCAN h 0 TYPE hash
     A HSCAN h 0 NOVALUES
     A hscan h 0 count 1 match b`,
  ],
];

Deno.test({
  name: "commands on hashes answer what Redis answers",
  ...withRedis,
  async fn(t) {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    for (const [name, script] of SCRIPTS) {
      await t.step(name, async () => {
        await runScript(redis, redeno, script);
        await runScript(redis, redeno, `A HELLO 3\n${script}`);
      });
    }
  },
});

Deno.test({
  name: "large hashes answer what Redis answers, in any order",
  ...withRedis,
  async fn() {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    for (const protocol of ["2", "3"]) {
      await using pair = await Pair.open(redis.port, redeno.port);
      await pair.bothWith({ ignore: true }, "HELLO", protocol);
      await pair.both("FLUSHALL");
      const fields = Array.from({ length: 700 }, (_, i) => [`field:${i}`, `value:${i * i}`]);
      await pair.both("HSET", "h", ...fields.flat());
      await pair.both("OBJECT", "ENCODING", "h");
      await pair.bothWith({ unordered: "pairs" }, "HGETALL", "h");
      await pair.bothWith({ unordered: true }, "HKEYS", "h");
      await pair.bothWith({ unordered: true }, "HVALS", "h");
      await pair.bothWith({ unordered: protocol === "3" || "pairs" }, ...HRANDFIELD_ALL);
      await pair.bothWith({ unordered: "deep" }, "HSCAN", "h", "0", "COUNT", "10000");
      await pair.bothWith(
        { unordered: "deep" },
        "HSCAN",
        "h",
        "0",
        "COUNT",
        "9999",
        "MATCH",
        "*7*",
      );
      await pair.both("HMGET", "h", "field:0", "field:699", "none");
      await pair.both("HINCRBY", "h", "n", "3");
      await pair.both("HINCRBYFLOAT", "h", "n", "0.25");
      await pair.both("HSETNX", "h", "n", "0");
      await pair.both("HSET", "h", "long", "y".repeat(100_000), "n", "1");
      await pair.both("HGET", "h", "long");
      await pair.both("HSTRLEN", "h", "long");
      await pair.both("HSET", "h", "z".repeat(70_000), "1");
      await pair.both("HGET", "h", "z".repeat(70_000));
      await pair.both("COPY", "h", "g");
      await pair.both("HDEL", "h", ...fields.map(([field]) => field));
      await pair.both("HLEN", "h");
      await pair.both("HDEL", "h", "long", "n", "z".repeat(70_000));
      await pair.both("EXISTS", "h");
      await pair.bothWith({ unordered: "pairs" }, "HGETALL", "g");
    }
  },
});

const HRANDFIELD_ALL = ["HRANDFIELD", "h", "9999", "WITHVALUES"];

Deno.test({
  name: "HRANDFIELD chooses fields of the hash, different ones unless told otherwise",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using redeno = await startRedeno(["--save", ""]);
    await using client = await connect(redeno.port);
    for (const count of [20, 600]) {
      await client.call("FLUSHALL");
      const fields = Array.from({ length: count }, (_, i) => `f${i}`);
      await client.call("HSET", "h", ...fields.flatMap((field) => [field, `v${field}`]));
      for (const wanted of [1, 2, count / 4, count / 2, count - 1, count, count + 5]) {
        const found = strings(await client.call("HRANDFIELD", "h", String(wanted)));
        assertEquals(found.length, Math.min(wanted, count));
        assertEquals(new Set(found).size, found.length);
        assert(found.every((field) => fields.includes(field)));
        const pairs = strings(await client.call("HRANDFIELD", "h", String(-wanted), "WITHVALUES"));
        assertEquals(pairs.length, wanted * 2);
        assert(pairs.every((word, i) => i % 2 === 0 || word === `v${pairs[i - 1]}`));
      }
      const seen = new Set<string>();
      const calls = Array.from({ length: count * 12 }, () => ["HRANDFIELD", "h"]);
      for (const reply of await client.pipeline(calls)) seen.add(strings(reply)[0]);
      assertEquals(seen.size, count, "each is chosen at some time");
    }
  },
});

/** One step of HSCAN. */
async function scanStep(client: RespClient, cursor: string, ...options: string[]) {
  const [next, ...flat] = strings(await client.call("HSCAN", "h", cursor, ...options));
  return { next, pairs: flat };
}

Deno.test({
  name: "a full HSCAN shows every field that was there all the time, whatever comes and goes",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using redeno = await startRedeno(["--save", ""]);
    await using client = await connect(redeno.port);
    const kept = Array.from({ length: size }, (_, i) => `kept:${i}`);
    await client.call("HSET", "h", ...kept.flatMap((field) => [field, `v${field}`]));

    const once: string[] = [];
    for (let cursor = "";;) {
      const { next, pairs } = await scanStep(client, cursor || "0", "COUNT", "50");
      assertLess(pairs.length, 2 * (50 + 30));
      once.push(...pairs);
      if ((cursor = next) === "0") break;
    }
    assertEquals(once.length, 2 * size);
    assertEquals(new Set(once).size, 2 * size);

    for (const grows of [true, false]) {
      const found = new Set<string>();
      let changed = 0;
      for (let cursor = "";;) {
        const { next, pairs } = await scanStep(client, cursor || "0", "COUNT", "40");
        for (const word of pairs) found.add(word);
        if ((cursor = next) === "0") break;
        const names = Array.from({ length: 200 }, () => `new:${changed++}`);
        if (grows && changed < size * 5) {
          await client.call("HSET", "h", ...names.flatMap((name) => [name, "v"]));
        } else if (!grows) await client.call("HDEL", "h", ...names);
      }
      assertGreater(changed, 200);
      for (const field of kept) assert(found.has(field) && found.has(`v${field}`), field);
    }
  },
});
