/** The expiry of fields, as Redis 7.4 documents it: there is no such Redis here to compare with. */

import { assert, assertEquals, assertGreater } from "../kit/assert.ts";
import { type Server, startRedeno } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import { strings } from "./hashes_kit.ts";
import { logged, withoutNow } from "./logged.ts";

const sanitized = { sanitizeOps: true, sanitizeResources: true };
const FAR = "33000000000123";
const MISSING = "ERR Mandatory argument FIELDS is missing or not at the right position";
const MISMATCH = "ERR The `numfields` parameter must match the number of arguments";
const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";

/** Name of the behaviour, and commands with their replies. `PAD` is the limit of a packed hash. */
const SCRIPTS: readonly (readonly [name: string, script: string])[] = [
  [
    "each field answers for itself: -2 missing, 0 refused, 1 set, 2 deleted",
    `HPEXPIREAT h ${FAR} FIELDS 3 a none b -> 1 -2 1
     HPEXPIRETIME h FIELDS 4 a b c none -> ${FAR} ${FAR} -1 -2
     HEXPIRETIME h FIELDS 2 a c -> 33000000001 -1
     HPEXPIREAT h ${FAR} NX FIELDS 2 a c -> 0 1
     HPEXPIREAT h 33000000000999 XX FIELDS 2 a none -> 1 -2
     HPEXPIREAT h 33000000000500 GT FIELDS 2 a b -> 0 1
     HPEXPIREAT h 33000000000300 LT FIELDS 2 a c -> 1 0
     HPERSIST h FIELDS 4 a b none d -> 1 1 -2 -1
     HPEXPIREAT h 33000000000500 GT FIELDS 1 a -> 0
     HPEXPIREAT h 33000000000500 XX FIELDS 1 a -> 0
     HPEXPIREAT h 33000000000500 lt fields 1 a -> 1
     HEXPIREAT h 1 GT FIELDS 1 a -> 0
     HEXPIREAT h 1 FIELDS 3 a none a -> 2 -2 -2
     HEXISTS h a -> 0
     HPEXPIRE h 0 FIELDS 1 b -> 2
     HEXPIRE h 0 NX FIELDS 1 c -> 0
     HKEYS h -> c d
     HEXPIRE h 0 FIELDS 2 c d -> 2 2
     EXISTS h -> 0`,
  ],
  [
    "a value set anew has no expiry, one that is increased keeps it",
    `HPEXPIREAT h ${FAR} FIELDS 4 a b c d -> 1 1 1 1
     HSET h a 9 -> 0
     HSET h b other -> 0
     HMSET h c 3 -> OK
     HSETNX h d 5 -> 0
     HPEXPIRETIME h FIELDS 4 a b c d -> -1 -1 -1 ${FAR}
     HINCRBY h d 1000 -> 1004
     HINCRBYFLOAT h d 0.5 -> 1004.5
     HPEXPIRETIME h FIELDS 1 d -> ${FAR}
     HGET h b -> other
     HDEL h d -> 1
     HSET h d 1 -> 1
     HTTL h FIELDS 1 d -> -1`,
  ],
  [
    "copies and renamed hashes have the expiries of the fields",
    `HPEXPIREAT h ${FAR} FIELDS 1 a -> 1
     COPY h g -> 1
     RENAME h i -> OK
     HPEXPIRETIME g FIELDS 2 a b -> ${FAR} -1
     HPEXPIRETIME i FIELDS 2 a b -> ${FAR} -1
     HPERSIST g FIELDS 1 a -> 1
     HPEXPIRETIME i FIELDS 1 a -> ${FAR}
     SET i x -> OK
     GET i -> x`,
  ],
  [
    "what is wrong with the arguments is said",
    `HTTL none FIELDS 2 a b -> -2 -2
     HPERSIST none FIELDS 1 a -> -2
     HEXPIRE none 10 FIELDS 1 a -> -2
     HEXPIRE none 10 NX FIELDS 1 a -> -2
     EXISTS none -> 0
     HEXPIRE h 10 FIELDS 1 -> ERR wrong number of arguments for 'hexpire' command
     HTTL h FIELDS 1 -> ERR wrong number of arguments for 'httl' command
     HEXPIRE h 10 FOO 1 a -> ${MISSING}
     HEXPIRE h 10 FOO 1 a b -> ${MISSING}
     HEXPIRE h 10 NX XX 1 a b -> ${MISSING}
     HTTL h FOO 1 a -> ${MISSING}
     HPERSIST h FIELD 1 a -> ${MISSING}
     HEXPIRE h 10 FIELDS 2 a -> ${MISMATCH}
     HEXPIRE h 10 FIELDS 1 a b -> ${MISMATCH}
     HTTL h FIELDS 2 a -> ${MISMATCH}
     HPERSIST h FIELDS 1 a b -> ${MISMATCH}
     HEXPIRE h 10 FIELDS 0 a -> ERR Parameter \`numFields\` should be greater than 0
     HEXPIRE h 10 FIELDS x a -> ERR Parameter \`numFields\` should be greater than 0
     HTTL h FIELDS 0 a -> ERR Number of fields must be a positive integer
     HPERSIST h FIELDS -1 a -> ERR Number of fields must be a positive integer
     HEXPIRE h x FIELDS 1 a -> ERR value is not an integer or out of range
     HEXPIRE h -1 FIELDS 1 a -> ERR invalid expire time, must be >= 0
     HEXPIRE h 9223372036854775807 FIELDS 1 a -> ERR invalid expire time in 'hexpire' command
     HPEXPIRE h 70368744177663 FIELDS 1 a -> ERR invalid expire time in 'hpexpire' command
     HPEXPIREAT h 70368744177664 FIELDS 1 a -> ERR invalid expire time in 'hpexpireat' command
     HPEXPIREAT h 70368744177663 FIELDS 1 a -> 1
     HEXPIREAT h 70368744178 FIELDS 1 a -> ERR invalid expire time in 'hexpireat' command
     SET s x -> OK
     HEXPIRE s 10 FIELDS 1 a -> ${WRONG_TYPE}
     HTTL s FIELDS 1 a -> ${WRONG_TYPE}
     HPERSIST s FIELDS 1 a -> ${WRONG_TYPE}`,
  ],
];

async function runAll(client: RespClient, script: string): Promise<void> {
  for (const line of script.trim().split("\n")) {
    const [command, wanted] = line.trim().split(" -> ");
    const reply = await client.call(...command.split(" "));
    assertEquals(strings(reply).join(" "), wanted, command);
  }
}

Deno.test({
  name: "the expiry of fields is set, asked for and taken back, in packed hashes and large ones",
  ...sanitized,
  async fn(t) {
    await using redeno = await startRedeno(["--save", ""]);
    await using client = await connect(redeno.port);
    for (const entries of ["512", "0"]) {
      await client.call("CONFIG", "SET", "hash-max-listpack-entries", entries);
      for (const [name, script] of SCRIPTS) {
        await t.step(`${name}, packed up to ${entries}`, async () => {
          await client.call("FLUSHALL");
          await client.call("HSET", "h", "a", "1", "b", "2", "c", "3", "d", "4");
          // A table has no order; what is asked for in this test needs one only for two fields.
          const inOrder = entries === "512"
            ? script
            : script.replace(/^.*HKEYS.*$/m, "PING -> PONG");
          await runAll(client, inOrder);
        });
      }
    }
  },
});

const pause = (duration_ms: number) => new Promise((resolve) => setTimeout(resolve, duration_ms));

Deno.test({
  name: "fields that have expired are not seen by any command, nor is a hash of nothing else",
  ...sanitized,
  async fn() {
    await using redeno = await startRedeno(["--enable-debug-command", "yes", "--save", ""]);
    await using client = await connect(redeno.port);
    const ask = async (...words: string[]) => strings(await client.call(...words)).join(" ");
    await client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    for (const entries of ["512", "0"]) {
      await client.call("FLUSHALL");
      await client.call("CONFIG", "SET", "hash-max-listpack-entries", entries);
      for (const key of ["h", "g", "i"]) await client.call("HSET", key, "a", "1", "b", "2");
      await client.call("HPEXPIRE", "h", "5", "FIELDS", "1", "a");
      await client.call("HPEXPIRE", "g", "5", "FIELDS", "2", "a", "b");
      await client.call("HPEXPIRE", "i", "5", "FIELDS", "2", "a", "b");
      await pause(10);
      assertEquals(await ask("KEYS", "*"), "h");
      assertEquals(await ask("SCAN", "0"), "0 h");
      assertEquals(await ask("HLEN", "h"), "1");
      assertEquals(await ask("HGETALL", "h"), "b 2");
      assertEquals(await ask("HMGET", "h", "a", "b"), "null 2");
      assertEquals(await ask("HSCAN", "h", "0"), "0 b 2");
      assertEquals(await ask("HRANDFIELD", "h", "-3"), "b b b");
      assertEquals(await ask("HTTL", "h", "FIELDS", "1", "a"), "-2");
      assertEquals(await ask("HINCRBY", "h", "a", "5"), "5");
      assertEquals(await ask("HSETNX", "g", "a", "new"), "1");
      assertEquals(await ask("HGETALL", "g"), "a new");
      assertEquals(await ask("EXISTS", "i"), "0");
      assertEquals(await ask("DBSIZE"), "2");
    }
  },
});

/** Waits until the log of a server has so many commands. */
async function logOf(server: Server, count: number): Promise<string[]> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const commands = (await logged(server)).map(withoutNow);
    if (commands.length >= count) return commands;
    await pause(10);
  }
  throw new Error(`the log of ${count} commands does not come to be`);
}

Deno.test({
  name: "the log gets absolute times, and an HDEL or DEL where fields expire by themselves",
  ...sanitized,
  async fn() {
    const options = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
    await using redeno = await startRedeno(options);
    await using client = await connect(redeno.port);
    const commands = `HSET h a 1 b 2 c 3 d 4
      HEXPIRE h 1000 FIELDS 3 a none b
      HPEXPIRE h 1000000 NX FIELDS 1 a
      HPEXPIRE h 1000000 NX FIELDS 2 a c
      HEXPIREAT h 1 FIELDS 1 b
      HINCRBYFLOAT h a 1.5
      HPERSIST h FIELDS 2 a d
      HTTL h FIELDS 1 a
      HPEXPIRE h 5 FIELDS 2 c d
      HSET g a 1
      HPEXPIRE g 5 FIELDS 1 a`;
    for (const line of commands.split("\n")) await client.call(...line.trim().split(" "));
    const expected = `SELECT 0
      HSET h a 1 b 2 c 3 d 4
      HPEXPIREAT h <now+> FIELDS 2 a b
      HPEXPIREAT h <now+> FIELDS 1 c
      HDEL h b
      MULTI
      HSET h a 2.5
      HPEXPIREAT h <now+> FIELDS 1 a
      EXEC
      HPERSIST h FIELDS 2 a d
      HPEXPIREAT h <now+> FIELDS 2 c d
      HSET g a 1
      HPEXPIREAT g <now+> FIELDS 1 a`.split("\n").map((line) => line.trim());
    const found = await logOf(redeno, expected.length + 2);
    assertEquals(found.slice(0, expected.length), expected);
    const rest = found.slice(expected.length).filter((line) => !/^(MULTI|EXEC)$/.test(line));
    assertEquals(rest.sort(), ["DEL g", "HDEL h c d"]);
  },
});

Deno.test({
  name: "subscribers hear of fields that expire, and a watched hash is seen to change",
  ...sanitized,
  async fn() {
    await using redeno = await startRedeno(["--save", "", "--notify-keyspace-events", "Ehg"]);
    await using client = await connect(redeno.port);
    await using listener = await connect(redeno.port);
    await listener.call("PSUBSCRIBE", "__keyevent@0__:*");
    await client.call("HSET", "h", "a", "1", "b", "2");
    await client.call("WATCH", "h");
    await client.call("HPEXPIRE", "h", "1000000", "FIELDS", "1", "a");
    await client.call("HPERSIST", "h", "FIELDS", "1", "a");
    await client.call("HEXPIRE", "h", "0", "FIELDS", "1", "a");
    await client.call("UNWATCH");
    await client.call("HPEXPIRE", "h", "20", "FIELDS", "1", "b");
    await client.call("WATCH", "h");
    const wanted = ["hset", "hexpire", "hpersist", "hdel", "hexpire", "hexpired", "del"];
    for (const event of wanted) {
      const [, , channel, key] = strings(await listener.read());
      assertEquals([channel, key], [`__keyevent@0__:${event}`, "h"]);
    }
    await client.call("MULTI");
    await client.call("SET", "x", "1");
    assertEquals(strings(await client.call("EXEC")), ["null"]);
  },
});

Deno.test({
  name: "a hundred thousand fields that expire at once stall nobody for long, and all go",
  ...sanitized,
  async fn() {
    await using redeno = await startRedeno(["--save", ""]);
    await using client = await connect(redeno.port);
    const count = 100_000;
    for (let at = 0; at < count; at += 1000) {
      const names = Array.from({ length: 1000 }, (_, i) => `field:${at + i}`);
      await client.call("HSET", "h", ...names.flatMap((name) => [name, "v"]));
      await client.call("HPEXPIREAT", "h", "33000000000000", "FIELDS", "1000", ...names);
      if (at === 0) await client.call("HSET", "h", "stays", "v");
    }
    const due = Date.now() + 700;
    for (let at = 0; at < count; at += 1000) {
      const names = Array.from({ length: 1000 }, (_, i) => `field:${at + i}`);
      await client.call("HPEXPIREAT", "h", String(due), "FIELDS", "1000", ...names);
    }
    assert(Date.now() < due, "this machine is too slow for the test's timing");
    await pause(due + 20 - Date.now());
    let worst_ms = 0;
    for (let calls = 0; calls < 50; calls++) {
      const before = performance.now();
      assertEquals(strings(await client.call("HLEN", "h")), ["1"]);
      worst_ms = Math.max(worst_ms, performance.now() - before);
    }
    assertGreater(100, worst_ms); // a loaded machine; what is meant is a few milliseconds
    assertEquals(strings(await client.call("HGETALL", "h")), ["stays", "v"]);
  },
});
