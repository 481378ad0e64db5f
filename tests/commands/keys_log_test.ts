/** What the commands on keys write to the log, and the key events they tell of: as the real Redis. */

import { keyCommands } from "../../lib/commands/keys.ts";
import { stringCommands } from "../../lib/commands/strings.ts";
import { assertEquals, assertGreater } from "../kit/assert.ts";
import { hasRedisServer } from "../kit/oracle.ts";
import { heardEvents, toldEvents } from "./events_kit.ts";
import { bothLogs } from "./logged.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

/** No key expires by itself in here: what is past is said to be so. */
const SCRIPT = `SET a 1
  EXPIRE a 100
  PEXPIRE a 100000
  EXPIREAT a 33000000000
  PEXPIREAT a 33000000000123
  pexpireat a 33000000000124
  EXPIRE nokey 100
  PERSIST a
  PERSIST a
  PERSIST nokey
  EXPIRE a -1
  EXPIRE a 10
  SET a 1
  PEXPIREAT a 1
  SET a 1
  EXPIREAT a 0
  SET a 1
  PEXPIRE a 0
  SET a 1
  SET b 2 PXAT 33000000000123
  RENAME a b
  RENAME b b
  RENAME nokey b
  RENAMENX b c
  RENAMENX c c
  SET d 1
  RENAMENX c d
  COPY c e
  COPY c e
  COPY c e REPLACE
  COPY c c
  COPY nokey e
  COPY c e DB 1
  COPY c e DB 1
  COPY c e DB 1 REPLACE
  MOVE c 2
  MOVE nokey 2
  SET c 1
  MOVE c 2
  UNLINK c nokey c
  SET x 1
  SET y 2
  DEL x y z x
  DEL nokey
  TOUCH d nokey
  EXISTS d nokey
  TYPE d
  TYPE nokey
  TTL d
  PTTL nokey
  EXPIRETIME nokey
  PEXPIRETIME nokey
  KEYS *
  SCAN 0
  RANDOMKEY
  SET x 5
  UNLINK x`;

const COMMANDS = SCRIPT.split("\n").map((line) => line.trim().split(" "));

Deno.test({
  name: "the log gets absolute times, deletions and nothing that changes nothing",
  ...withRedis,
  fn: async () => {
    const logs = await bothLogs(COMMANDS, ([name]) => ({
      ignore: name === "SCAN" || name === "KEYS" || name === "RANDOMKEY",
    }));
    assertGreater(logs.redis.length, 30);
    assertEquals(logs.redeno, logs.redis);
  },
});

Deno.test({
  name: "handlers tell of the events of keys that Redis tells of, in its order",
  ...withRedis,
  fn: async () => {
    const wanted = await heardEvents(COMMANDS);
    assertGreater(wanted.length, 50);
    assertEquals(toldEvents([...stringCommands, ...keyCommands], COMMANDS), wanted);
  },
});
