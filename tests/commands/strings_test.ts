/** The string commands against the real Redis: every option, every refusal, both protocols. */

import { type Command, Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

/** Sends each line as a command; `""` is an empty argument, `\0` a zero byte, `_` a space. */
async function same(pair: Pair, script: string): Promise<void> {
  for (const line of script.trim().split("\n")) await pair.both(...words(line));
}

function words(line: string): Command {
  return line.trim().split(/\s+/).map((word) =>
    word === '""' ? "" : word.replaceAll("\\0", "\0").replaceAll("_", " ")
  );
}

const INT_MAX = "9223372036854775807";
const INT_MIN = "-9223372036854775808";

/** Name of the behaviour, and the commands that show it. */
const SCRIPTS: readonly (readonly [name: string, script: string])[] = [
  [
    "GET, STRLEN and MGET see what SET stored, and null where nothing is",
    `SET k hello
     GET k
     STRLEN k
     GET missing
     STRLEN missing
     SET empty ""
     GET empty
     STRLEN empty
     MGET k missing empty k
     MGET missing
     SET bin a\\0b\\0
     GET bin
     STRLEN bin
     SET "" x
     GET ""
     MGET "" k`,
  ],
  [
    "the wrong number of arguments is refused with the command's name",
    `GET
     GET a b
     SET a
     MGET
     MSET
     MSET a
     MSET a 1 b
     MSETNX a
     MSETNX a 1 b
     mSeT a 1 b
     INCR
     INCR a b
     INCRBY a
     DECRBY a
     INCRBYFLOAT a
     APPEND a
     STRLEN
     SETRANGE a 1
     GETRANGE a 1
     SUBSTR a 1
     SETEX a 1
     PSETEX a 1
     SETNX a
     GETSET a
     GETDEL
     GETDEL a b
     GETEX
     LCS a`,
  ],
  [
    "SET takes its options in any order and case",
    `SET k v nx
     SET k w NX
     GET k
     SET k w xx
     SET other w XX
     GET other
     SET k 1 GET
     SET k 2 get Xx
     SET none 1 GET XX
     GET none
     SET none 1 NX GET
     SET none 2 NX GET
     GET none
     SET none 3 GET GET
     SET none 4 NX NX
     SET none 4 XX XX
     SET k v KEEPTTL KEEPTTL
     SET k v EX 100 EX 50
     SET k v KEEPTTL GET
     SET k v ex 100 get xx`,
  ],
  [
    "SET refuses options that conflict, are unknown or lack their time",
    `SET k v NX XX
     SET k v XX NX
     SET k v EX
     SET k v PX
     SET k v EXAT
     SET k v PXAT
     SET k v GET EX
     SET k v EX 10 PX 10
     SET k v PX 10 EX 10
     SET k v EXAT 10 PXAT 10
     SET k v EX 10 KEEPTTL
     SET k v KEEPTTL EX 10
     SET k v PXAT 10 KEEPTTL
     SET k v PERSIST
     SET k v FOO
     SET k v EX 1 FOO
     SET k v EX FOO FOO
     SET k v EX KEEPTTL
     SET k v ""
     SET k v EX ""
     SET k v KEEPTT
     GET k`,
  ],
  [
    "a time that makes no sense is refused, with the name of the command",
    ["SET k v EX T", "SET k v PX T", "SET k v EXAT T", "SET k v PXAT T"]
      .concat(["SETEX k T v", "PSETEX k T v", "SET k v GET EX T", "SET k v NX EX T"])
      .flatMap((command) =>
        ["0", "-1", "abc", "1.5", "+1", "01", INT_MIN, "9223372036854775808"]
          .map((time) => command.replace("T", time))
      ).join("\n") +
    `
     SET k v EX ${INT_MAX}
     SET k v EX 9223372036854776
     SET k v EX 9223372036854775
     SET k v EX 9223370000000000
     SET k v PX ${INT_MAX}
     SET k v PX 9223370000000000000
     SET k v EXAT 9223372036854776
     SET k v EXAT 9223372036854775
     SET k v PXAT ${INT_MAX}
     SET k v EX 4503599627370
     SET k v EX 4503599627371
     SETEX k ${INT_MAX} v
     SETEX k 9223372036854775 v
     PSETEX k ${INT_MAX} v
     psetex k 0 v
     setex k 0 v
     set k v ex 0
     getex k ex 0
     GET k`,
  ],
  [
    "a key stored with a time in the past is gone at once",
    `SET k v PXAT 1
     GET k
     SET k v EXAT 1
     EXISTS k
     SET k v EXAT 1
     SET k w NX
     GET k
     SET k v PXAT 1
     APPEND k x
     GET k
     SET k 5 PXAT 1
     INCR k
     SET k 5 PXAT 1
     SETRANGE k 2 x
     SET k 5 PXAT 1
     SET k v XX
     SET k 5 PXAT 1
     GETSET k 6
     SET k 5 PXAT 1
     MSETNX k 1 k2 2
     SET k2 5 PXAT 1
     SET k abc
     LCS k k2 LEN
     LCS k2 k LEN
     MGET k2 k k2`,
  ],
  [
    "absolute expiries are kept to the millisecond, and KEEPTTL keeps them",
    `SET k v PXAT 33000000000123
     PEXPIRETIME k
     SET k w KEEPTTL
     PEXPIRETIME k
     SET k v EXAT 33000000000
     PEXPIRETIME k
     SET k w
     PEXPIRETIME k
     SET k 1 PXAT 33000000000123
     INCR k
     INCRBYFLOAT k 1.5
     APPEND k 1
     SETRANGE k 10 x
     PEXPIRETIME k
     GETSET k v
     PEXPIRETIME k
     SET k 1 PXAT 33000000000123
     MSET k 2
     PEXPIRETIME k
     SET k 1 PXAT 33000000000123
     SET k 2 GET KEEPTTL
     PEXPIRETIME k
     SET k 2 GET
     PEXPIRETIME k`,
  ],
  [
    "GETEX sets, replaces and removes the expiry, and answers the value",
    `SET k v
     GETEX k
     PEXPIRETIME k
     GETEX k PXAT 33000000000123
     PEXPIRETIME k
     GETEX k
     PEXPIRETIME k
     GETEX k EXAT 33000000000
     PEXPIRETIME k
     GETEX k persist
     PEXPIRETIME k
     GETEX k PERSIST PERSIST
     GETEX k EXAT 1
     GETEX k
     EXISTS k
     SET k v
     GETEX k PXAT 1
     EXISTS k
     GETEX missing EX 100
     GETEX missing EXAT 1
     GETEX missing PERSIST`,
  ],
  [
    "GETEX refuses what SET refuses, but an absent key before a senseless time",
    `SET k v
     GETEX k EX
     GETEX k EX 10 PX 10
     GETEX k PERSIST EX 10
     GETEX k EX 10 PERSIST
     GETEX k KEEPTTL
     GETEX k NX
     GETEX k GET
     GETEX k FOO
     GETEX missing FOO
     GETEX missing EX
     GETEX missing EX 0
     GETEX missing EX abc
     GETEX k EX 0
     GETEX k PX -1
     GETEX k EXAT 0
     GETEX k PXAT -5
     GETEX k EX abc
     GETEX k EX ${INT_MAX}
     GETEX k EX 9223372036854776
     GETEX k PX ${INT_MAX}
     PEXPIRETIME k`,
  ],
  [
    "GETDEL, GETSET and SETNX",
    `GETDEL k
     SET k v
     GETDEL k
     EXISTS k
     GETSET k 1
     GETSET k 2
     GET k
     SETNX k 3
     SETNX n 3
     GET k
     GET n
     GETDEL n
     SETNX n 4`,
  ],
  [
    "MSET stores all pairs, the last one of a key counts; MSETNX all or none",
    `MSET a 1 b 2 a 3
     MGET a b
     MSETNX c 1 d 2 a 3
     MGET c d a
     MSETNX c 1 d 2
     MSETNX e 1 e 2
     MGET c d e
     MSET "" "" x ""
     MGET "" x`,
  ],
  [
    "integers count in 64 bits and not further",
    `INCR n
     INCR n
     DECR n
     INCRBY n 10
     DECRBY n 20
     INCRBY n 0
     DECRBY n 0
     DECRBY z 0
     INCRBY n ${INT_MAX}
     INCRBY n ${INT_MAX}
     SET n ${INT_MAX}
     INCR n
     INCRBY n 1
     DECRBY n -1
     INCRBY n -1
     INCR n
     GET n
     SET n ${INT_MIN}
     DECR n
     INCRBY n -1
     DECRBY n 1
     DECRBY n ${INT_MAX}
     INCR n
     GET n
     INCRBY n ${INT_MAX}
     DECRBY n ${INT_MIN}
     DECRBY missing ${INT_MIN}
     INCRBY missing ${INT_MIN}
     INCRBY missing ${INT_MIN}
     SET n 9007199254740991
     INCR n
     INCR n
     DECRBY n 3
     SET n -9007199254740991
     DECR n
     DECR n
     INCRBY n 5
     SET n 9007199254740993
     INCRBY n -9007199254740993
     DECR n`,
  ],
  [
    "what is no integer is not counted",
    ["abc", "1.5", "01", "+1", "-0", "-", '""', "1_", "_1", "1e3", "9223372036854775808"]
      .concat(["00", "-01", "0x10", "1\\0", "99999999999999999999"])
      .flatMap((text) => [`SET n ${text}`, "INCR n", "DECRBY n 2", `INCRBY m ${text}`])
      .concat("INCRBY n abc", "DECRBY n abc", "GET m").join("\n"),
  ],
  [
    "INCRBYFLOAT adds as Redis's long doubles do",
    `INCRBYFLOAT f 1.5
     INCRBYFLOAT f -1.5
     INCRBYFLOAT f 0.1
     INCRBYFLOAT f 0.2
     SET f 3.0e3
     INCRBYFLOAT f 200
     SET f 8785.89
     INCRBYFLOAT f 21.63
     SET f 5
     INCRBYFLOAT f 1e60
     INCRBYFLOAT f 0x10p2
     INCRBYFLOAT g 1e4000
     INCRBYFLOAT g 1e5000
     INCRBYFLOAT big 1e4931
     INCRBYFLOAT big 1.1e4932
     INCRBYFLOAT big 1.1e4932
     STRLEN big
     INCRBYFLOAT f inf
     INCRBYFLOAT f -inf
     INCRBYFLOAT f nan
     INCRBYFLOAT f abc
     INCRBYFLOAT f ""
     INCRBYFLOAT f _1
     INCRBYFLOAT f 1_
     SET f inf
     INCRBYFLOAT f 1
     INCRBYFLOAT f -inf
     SET f _1
     INCRBYFLOAT f 1
     SET f abc
     INCRBYFLOAT f 1
     INCRBYFLOAT f abc
     SET f ""
     INCRBYFLOAT f 1
     INCRBYFLOAT tiny 1e-17
     INCRBYFLOAT tiny 4e-18
     SET f ${INT_MAX}
     INCRBYFLOAT f 1
     GET f`,
  ],
  [
    "GETRANGE and SUBSTR count from both ends",
    ["0", "1", "4", "5", "9", "-1", "-5", "-6", "-20", INT_MAX, INT_MIN].flatMap((start) =>
      ["0", "2", "4", "5", "-1", "-4", "-5", "-7", "-30", INT_MAX, INT_MIN].map((end) =>
        `GETRANGE r ${start} ${end}`
      )
    ).concat("SUBSTR r 1 3", "SUBSTR r -3 -2", "GETRANGE missing 0 -1", "GETRANGE empty 0 -1")
      .concat("GETRANGE r a 1", "GETRANGE r 1 a", "GETRANGE missing a 1", "SUBSTR r 1 1.5")
      .join("\n"),
  ],
  [
    "APPEND and SETRANGE change strings in place and fill gaps with zeros",
    `APPEND a ""
     EXISTS a
     APPEND a hello
     APPEND a _world
     APPEND a ""
     GET a
     SETRANGE a 6 Redis
     GET a
     SETRANGE a 15 !
     GET a
     SETRANGE s 5 x
     GET s
     SETRANGE s 0 ""
     SETRANGE none 0 ""
     SETRANGE none 5 ""
     SETRANGE none ${INT_MAX} ""
     EXISTS none
     SETRANGE none -1 x
     SETRANGE none -1 ""
     SETRANGE none abc x
     SETRANGE none 1.5 ""
     SETRANGE s -1 x
     SETRANGE s ${INT_MAX} x
     SETRANGE none ${INT_MAX} x
     SETRANGE none 9223372036854775808 x
     SETRANGE none 0 x
     GET none
     SET n 12
     APPEND n 3
     INCR n
     SETRANGE n 1 9
     INCR n`,
  ],
  [
    "a string may be as long as proto-max-bulk-len and no longer",
    `CONFIG SET proto-max-bulk-len 1mb
     SETRANGE big 1048575 x
     SETRANGE big 1048576 x
     SETRANGE big 1048575 xy
     SETRANGE big 9999999 ""
     APPEND big y
     APPEND big ""
     STRLEN big
     SETRANGE none 1048576 x
     SETRANGE none 1048575 xy
     GETRANGE big 1048570 -1
     GETRANGE big 0 5
     CONFIG SET proto-max-bulk-len 512mb
     APPEND big y
     STRLEN big
     SETRANGE none 536870912 x
     SETRANGE none 536870911 xy`,
  ],
];

const ENCODINGS = `SET a 12 / APPEND a 3 / INCR a / SETRANGE a 0 5 / SET a 123 / SETRANGE a 0 "" /
  INCRBYFLOAT a 1 / INCRBYFLOAT a 1.5 / INCRBYFLOAT a 0.5 / INCRBYFLOAT a 1e60 / GETEX a EX 100 /
  DEL a / APPEND a 12 / DEL a / APPEND a xx / APPEND a "" / DEL a / APPEND a "" / APPEND a "" /
  DEL a / SETRANGE a 0 x / MSET a 12 / MSET a abc / DEL a / MSETNX a 12 / GETSET a 13 /
  SETEX a 100 13 / PSETEX a 100000 abc / SET a 99999999999999999999 / SET a ${INT_MAX} /
  INCRBY a -1 / SET a "" / SET a 0 / DECR a / SET a ${"a".repeat(44)} / SET a ${"a".repeat(45)} /
  SET a ${"0".repeat(45)} / SET a 9223372036854775808 / SET a ${INT_MIN} / SET a 5 GET /
  SET a abc KEEPTTL / SET a -0 / SET a 01 / SET a - / DEL a / SETNX a 7 / DEL a / INCR a`;

Deno.test({
  name: "string commands answer as Redis does",
  ...withRedis,
  async fn(t) {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);

    for (const protocol of ["2", "3"]) {
      for (const [name, script] of SCRIPTS) {
        await t.step(`${name} (RESP${protocol})`, async () => {
          await pair.reconnect();
          await pair.bothWith({ ignore: true }, "HELLO", protocol);
          await pair.both("FLUSHALL");
          await pair.both("SET", "r", "Hello");
          await pair.both("SET", "empty", "");
          await same(pair, script);
        });
      }
    }

    await t.step("each command leaves the encoding that Redis leaves", async () => {
      await pair.reconnect();
      await pair.both("FLUSHALL");
      for (const line of ENCODINGS.split("/")) {
        await pair.both(...words(line));
        await pair.both("OBJECT", "ENCODING", "a");
      }
    });

    await t.step("relative times count from now", async () => {
      const commands = ["SET k v EX 100", "SET k v PX 100000", "SETEX k 100 v"]
        .concat("PSETEX k 100000 v", "GETEX k EX 100", "GETEX k PX 100000", "SET k w GET EX 100");
      for (const line of commands) {
        await pair.both("SET", "k", "v", "PX", "50000");
        await pair.both(...words(line));
        await pair.bothWith({ pattern: /^:(100000|99\d\d\d)\r\n$/ }, "PTTL", "k");
      }
    });

    await t.step("hits and misses are counted as Redis counts them", async () => {
      await pair.both("FLUSHALL");
      await pair.both("CONFIG", "RESETSTAT");
      await same(
        pair,
        `LCS no1 no2 FOO
         SET a 1 GET
         SET nk 1 GET
         GETSET nk 2
         SET nk 2 NX
         STRLEN nk
         GETRANGE nk 0 1
         GETRANGE none 0 1
         MGET a b nk nk2
         INCR a
         APPEND a 1
         SETRANGE a 0 1
         MSETNX a 1 nk3 2
         SETNX a 1
         GETDEL nk
         GETDEL nk
         GETEX a
         GETEX nk`,
      );
      const counts = async (client: typeof pair.left) => {
        const info = await client.callRaw("INFO", "stats");
        return info.match(/keyspace_(hits|misses):\d+/g)?.join(" ") ?? info;
      };
      const [left, right] = [await counts(pair.left), await counts(pair.right)];
      if (left !== right) throw new Error(`Redis counts ${left}, redeno ${right}`);
    });
  },
});
