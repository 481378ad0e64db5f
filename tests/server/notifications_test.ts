/**
 * Keyspace notifications: the events that Redis publishes, in its order, in each class and each way.
 */

import { assert, assertEquals, assertGreater } from "../kit/assert.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

/** All commands on strings and keys; `SLEEP ms` waits. */
const SCRIPT = `SET a 1
  SET a 2 EX 100
  SET a 3 NX
  SET a 3 XX KEEPTTL GET
  SET b 1 PXAT 1
  GET b
  SETNX a 1
  SETNX c 1
  SETEX a 100 1
  PSETEX a 100000 1
  GETSET c 2
  GETSET d 2
  GETDEL d
  GETDEL d
  GETEX c
  GETEX c EX 100
  GETEX c PERSIST
  GETEX c EXAT 1
  MSET a 1 b 2 a 3
  MSETNX a 1 zz 2
  MSETNX yy 1 yy 2
  MGET a nokey
  GET nokey
  EXISTS nokey a
  TYPE nokey
  TTL nokey
  OBJECT ENCODING nokey
  STRLEN nokey
  INCR i
  INCRBY i 3
  DECR i
  DECRBY i 2
  INCRBYFLOAT f 1.5
  APPEND a x
  APPEND new x
  SETRANGE a 1 y
  SETRANGE new2 3 z
  SETRANGE new3 0 ""
  GETRANGE nokey 0 1
  LCS a nokey
  EXPIRE a 100
  EXPIRE a 50 GT
  EXPIRE nokey 100
  PEXPIRE a 100000
  EXPIREAT a 33000000000
  PEXPIREAT a 33000000000000
  PERSIST a
  PERSIST a
  EXPIRE a -1
  SET a 1
  SET e 1 EX 100
  RENAME a r
  RENAME r e
  RENAMENX e r
  RENAMENX nokey x
  RENAME r r
  SET t 1
  COPY t t2
  COPY t t2
  COPY t t2 REPLACE
  COPY t t3 DB 1
  COPY nokey x
  MOVE t 1
  MOVE t2 1
  MOVE t2 1
  SELECT 1
  SET in1 1
  DEL in1 nokey t
  UNLINK t2 nokey
  SELECT 0
  SWAPDB 0 1
  TOUCH i nokey
  SCAN 0
  KEYS *
  DEBUG OBJECT nokey
  SETBIT bit 7 1
  SETBIT bit 7 1
  BITFIELD bit SET u8 0 255 GET u8 0
  BITFIELD bit GET u8 0
  BITFIELD bf INCRBY u8 100 1 SET u4 0 1
  BITFIELD bf OVERFLOW FAIL INCRBY u2 0 3
  BITOP AND dest bit bf
  BITOP NOT dest bit
  BITOP OR dest nokey nokey2
  BITOP OR dest nokey nokey2
  BITCOUNT nokey
  BITPOS nokey 1
  GETBIT nokey 1
  PFADD h a b c
  PFADD h a
  PFADD h2
  PFCOUNT h
  PFCOUNT h h2
  PFCOUNT nokey
  PFMERGE h3 h h2
  PFMERGE h3 nokey
  MULTI
  SET m 1
  DEL m
  EXEC
  WATCH m
  MULTI
  GET m
  EXEC
  SET p 1 PX 1
  SLEEP 5
  GET p
  SET p 1 PX 1
  SLEEP 5
  SET p 2
  SET p 1 PX 1
  SLEEP 5
  DEL p
  SET p 1 PX 1
  SLEEP 5
  TTL p
  SET p 1 PX 1
  SLEEP 5
  EXISTS p
  INCR w
  FLUSHDB
  FLUSHALL`;

/** What a subscriber to everything hears while the script runs: `channel message`. */
async function heard(server: Server, classes: string): Promise<string[]> {
  await using listener = await connect(server.port);
  await using client = await connect(server.port);
  await client.call("FLUSHALL");
  await client.call("SELECT", "0");
  await client.call("CONFIG", "SET", "notify-keyspace-events", classes);
  // keys that expire are to be noticed by the commands of the script
  await client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  await listener.call("PSUBSCRIBE", "__key*");
  for (const line of SCRIPT.split("\n").map((each) => each.trim())) {
    const words = line.split(" ").map((word) => word === '""' ? "" : word);
    if (words[0] === "SLEEP") await new Promise((resolve) => setTimeout(resolve, Number(words[1])));
    else await client.call(...words);
  }
  return await untilEnd(listener, client);
}

async function untilEnd(listener: RespClient, client: RespClient): Promise<string[]> {
  await client.call("PUBLISH", "__key end", "");
  const events: string[] = [];
  for (;;) {
    const message = await listener.read();
    assert("items" in message, JSON.stringify(message));
    const [, , channel, text] = message.items.map((item) => "value" in item ? item.value : "?");
    if (channel === "__key end") return events;
    events.push(`${channel} ${text}`);
  }
}

Deno.test(
  {
    name: "the events of strings, bitmaps, HyperLogLogs and keys are those of Redis",
    ...withRedis,
  },
  async (t) => {
    await using redis = await startRedis(["--enable-debug-command", "yes"]);
    await using redeno = await startRedeno(["--save", "", "--enable-debug-command", "yes"]);
    for (const classes of ["KEA", "KEAmn", "E$", "Kg", "Ex", "Em", "Kn", "A", "KE", ""]) {
      await t.step(`with notify-keyspace-events ${JSON.stringify(classes)}`, async () => {
        const [wanted, got] = await Promise.all([heard(redis, classes), heard(redeno, classes)]);
        if (classes === "KEAmn") assertGreater(wanted.length, 200);
        assertEquals(got, wanted);
      });
    }
  },
);

Deno.test({ name: "a key that expires by itself is told of", ...withRedis }, async () => {
  await using redeno = await startRedeno(["--save", "", "--notify-keyspace-events", "Ex"]);
  await using listener = await connect(redeno.port);
  await using client = await connect(redeno.port);
  await listener.call("SUBSCRIBE", "__keyevent@0__:expired");
  await client.call("SET", "k", "v", "PX", "20");
  const message = await listener.read();
  assert(message.type === "array");
  assertEquals(message.items[2], { type: "bulk", value: "k" });
});

Deno.test("names longer than usual are published whole", async () => {
  await using redeno = await startRedeno(["--save", "", "--notify-keyspace-events", "KEA"]);
  await using listener = await connect(redeno.port);
  await using client = await connect(redeno.port);
  const key = "k".repeat(5000);
  await listener.call("PSUBSCRIBE", "*");
  await client.call("SET", key, "v");
  const [first, second] = [await listener.read(), await listener.read()];
  assert(first.type === "array" && second.type === "array");
  assertEquals(first.items[2], { type: "bulk", value: `__keyspace@0__:${key}` });
  assertEquals(second.items.slice(2), [
    { type: "bulk", value: "__keyevent@0__:set" },
    { type: "bulk", value: key },
  ]);
});

Deno.test("events of logged changes are told as soon as the changes are safe", async () => {
  for (const policy of ["always", "everysec"]) {
    const options = ["--save", "", "--notify-keyspace-events", "KEA"];
    await using redeno = await startRedeno(
      options.concat("--appendonly", "yes", "--appendfsync", policy),
    );
    await using listener = await connect(redeno.port);
    await using client = await connect(redeno.port);
    await listener.call("PSUBSCRIBE", "*");
    for (let i = 0; i < 20; i++) {
      const key = `key:${i}`;
      await client.send("SET", key, "v");
      const events = [await listener.readRaw(), await listener.readRaw()];
      assert(events[0].includes(`__keyspace@0__:${key}\r\n`), events[0]);
      assert(events[1].endsWith(`${key}\r\n`), events[1]);
      assertEquals(await client.readRaw(), "+OK\r\n");
    }
    await client.call("PUBLISH", "plain", "x"); // and what changes nothing waits for nothing
    assert((await listener.readRaw()).includes("plain"));
  }
});
