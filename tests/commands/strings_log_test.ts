/** What the string commands write to the log, and the key events they tell of: as the real Redis. */

import { stringCommands } from "../../lib/commands/strings.ts";
import { assertEquals, assertGreater } from "../kit/assert.ts";
import { hasRedisServer } from "../kit/oracle.ts";
import { heardEvents, toldEvents } from "./events_kit.ts";
import { bothLogs } from "./logged.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const SCRIPT = `SET a 1
  SET a 1 ex 100
  SET a 1 px 100000 nx
  SET a 1 px 100000 xx get
  SET a 1 exat 33000000000
  SET a 1 pxat 33000000000123 XX
  SET a 1 KEEPTTL
  SET a 1 KEEPTTL XX GET
  SET a 2 get nx
  SET b 2 get nx
  SET b 2 XX get
  SET c 1 PXAT 1
  SET c 1
  SET c 1 PXAT 1
  SET c 1 EXAT 1 GET
  SET c 1
  SETEX a 10 1
  PSETEX a 10000 1
  setnx a 1
  setnx d 1
  GETSET d 2
  GETSET e 2
  GETDEL e
  GETDEL e
  GETEX d
  GETEX d EX 10
  GETEX d PX 10000
  GETEX d PXAT 33000000000123
  GETEX d EXAT 33000000000
  GETEX d PERSIST
  GETEX d PERSIST
  GETEX d EXAT 1
  GETEX d EXAT 1
  INCRBYFLOAT f 1.5
  INCRBYFLOAT f 1.5
  INCRBYFLOAT f 0
  SET f 5 EX 100
  INCRBYFLOAT f 0.1
  SET x 5 PXAT 1
  INCRBYFLOAT x 0.1
  APPEND a x
  APPEND a ""
  APPEND new ""
  SETRANGE a 0 ""
  SETRANGE a 0 x
  SETRANGE new2 0 ""
  SETRANGE new2 3 x
  MSET a 1 b 2 a 3
  MSETNX a 1 zz 2
  MSETNX yy 1 yy 2
  INCR i
  INCRBY i 5
  INCRBY i 0
  DECR i
  DECRBY i 3
  INCRBY i 9223372036854775807
  INCR f
  MGET a b nokey
  GET nokey
  STRLEN nokey
  LCS a nokey
  SET a 1 EX 0`;

const COMMANDS = SCRIPT.split("\n").map((line) =>
  line.trim().split(" ").map((word) => word === '""' ? "" : word)
);

Deno.test({
  name: "the log gets absolute times, results and nothing that only asks",
  ...withRedis,
  async fn() {
    const logs = await bothLogs(COMMANDS);
    assertGreater(logs.redis.length, 40);
    assertEquals(logs.redeno, logs.redis);
  },
});

Deno.test({
  name: "handlers tell of the events that Redis tells of, in its order",
  ...withRedis,
  async fn() {
    const wanted = await heardEvents(COMMANDS);
    assertGreater(wanted.length, 60);
    assertEquals(toldEvents(stringCommands, COMMANDS), wanted);
  },
});
