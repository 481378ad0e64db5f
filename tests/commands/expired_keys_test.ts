/**
 * Keys whose time is over though nobody has noticed: what WATCH and EXEC make of them, and what they
 * are while CLIENT PAUSE keeps the data as it is. Against the real Redis.
 */

import { assertEquals } from "../kit/assert.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { publishedEvents } from "./events_kit.ts";
import { logged } from "./logged.ts";
import { runScript } from "./sessions.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const DEBUG = ["--enable-debug-command", "yes"];

/** Name of the behaviour, and the script that shows it, as in `sessions.ts`; DBSIZE counts all keys. */
const WATCHED: readonly (readonly [name: string, script: string])[] = [
  [
    "neither WATCH nor EXEC removes an expired key, and it is no change that it has expired",
    `A SET k v PX 1
     SLEEP 10
     A WATCH k
     A DBSIZE
     A MULTI
     A DBSIZE
     A EXEC
     A DBSIZE`,
  ],
  [
    "EXEC fails if a key has expired since WATCH, and does not remove it",
    `A SET k v PX 20
     A WATCH k
     SLEEP 40
     A WATCH k
     A MULTI
     A PING
     A EXEC
     A DBSIZE`,
  ],
  [
    "who watched a key before its time was over is told of its going, who did after is not",
    `A SET k v PX 20
     A WATCH k
     SLEEP 40
     B WATCH k
     C GET k
     A MULTI
     A PING
     A EXEC
     B MULTI
     B PING
     B EXEC
     B WATCH k
     C SET k w
     B MULTI
     B PING
     B EXEC`,
  ],
  [
    "a key that had expired at WATCH changes when it is made anew, by whatever command",
    `A SET o v
     A RPUSH l 1
     A SET k v PX 1
     SLEEP 10
     A WATCH k
     B COPY o k REPLACE
     A MULTI
     A PING
     A EXEC
     A SET k v PX 1
     SLEEP 10
     A WATCH k
     B SORT l STORE k
     A MULTI
     A PING
     A EXEC
     A SET k v PX 1
     SLEEP 10
     A WATCH k
     B RENAME o k
     A MULTI
     A PING
     A EXEC
     A SET k v PX 1
     SLEEP 10
     A WATCH k
     B DEL k
     B PERSIST k
     A MULTI
     A PING
     A EXEC`,
  ],
  [
    "FLUSHALL is no change of a key that had expired at WATCH; what comes after is",
    `A SET k v PX 1
     SLEEP 10
     A WATCH k
     B FLUSHALL
     A MULTI
     A PING
     A EXEC
     A SET k v PX 1
     SLEEP 10
     A WATCH k
     B FLUSHALL
     B SET k w
     A MULTI
     A PING
     A EXEC`,
  ],
  [
    "SWAPDB is a change where a living key comes or goes, not where an expired one does",
    `A SET k v PX 1
     SLEEP 10
     A WATCH k
     B SWAPDB 0 1
     A MULTI
     A PING
     A EXEC
     B FLUSHALL
     B SELECT 1
     B SET k v PX 1
     SLEEP 10
     A WATCH k
     B SWAPDB 0 1
     A MULTI
     A PING
     A EXEC
     A WATCH k
     B SELECT 0
     B SET k w
     A MULTI
     A PING
     A EXEC
     B FLUSHALL
     B SELECT 1
     B SET k alive
     A SET k v PX 1
     SLEEP 10
     A WATCH k
     B SWAPDB 0 1
     A MULTI
     A PING
     A EXEC`,
  ],
];

/** Nothing that writes may be sent meanwhile: it would wait. */
const PAUSED: readonly (readonly [name: string, script: string])[] = [
  [
    "an expired key is not seen and not removed during a pause, and removed after it",
    `A SET k v PX 30
     A HSET h f v
     A PEXPIRE h 30
     A SET stay v
     A CLIENT PAUSE 400 WRITE
     SLEEP 100
     B DBSIZE
     B GET k
     B EXISTS k h
     B TYPE h
     B PTTL k
     B KEYS *
     B SCAN 0
     B RANDOMKEY
     B HGETALL h
     B MULTI
     B GET k
     B EXEC
     B DBSIZE
     SLEEP 600
     B DBSIZE`,
  ],
  [
    "expired keys are kept until CLIENT UNPAUSE",
    `A SET k v PX 1
     A CLIENT PAUSE 60000 WRITE
     SLEEP 30
     B GET k
     B DBSIZE
     B CLIENT UNPAUSE
     B GET k
     B DBSIZE`,
  ],
];

Deno.test({
  name: "WATCH and EXEC take expired keys for what Redis takes them",
  ...withRedis,
  async fn(t) {
    await using redis = await startRedis(DEBUG);
    await using redeno = await startRedeno(["--save", "", ...DEBUG]);
    for (const [name, script] of WATCHED) {
      await t.step(name, () => runScript(redis, redeno, script, "clean DEBUG SET-ACTIVE-EXPIRE 0"));
    }
  },
});

Deno.test({
  name: "during CLIENT PAUSE expired keys are what they are in Redis",
  ...withRedis,
  async fn(t) {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    for (const [name, script] of PAUSED) {
      await t.step(name, () => runScript(redis, redeno, script));
    }
  },
});

Deno.test("a transaction that pauses can make a key in the place of one that has expired", async () => {
  await using redeno = await startRedeno(["--save", "", "--appendonly", "yes", ...DEBUG]);
  await using client = await connect(redeno.port);
  await client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  await client.call("SET", "k", "old", "PX", "1");
  await new Promise((resolve) => setTimeout(resolve, 10));
  await client.call("MULTI");
  await client.call("CLIENT", "PAUSE", "60000", "WRITE");
  await client.call("GET", "k");
  await client.call("SET", "k", "new");
  await client.call("RANDOMKEY");
  await client.call("DBSIZE");
  assertEquals(
    await client.callRaw("EXEC"),
    "*5\r\n+OK\r\n$-1\r\n+OK\r\n$1\r\nk\r\n:1\r\n",
  );
  assertEquals((await logged(redeno)).slice(-4), ["MULTI", "DEL k", "SET k new", "EXEC"]);
});

Deno.test("RANDOMKEY comes to an end during a pause although all keys have expired", async () => {
  await using redeno = await startRedeno(["--save", ""]);
  await using client = await connect(redeno.port);
  await client.call("SET", "k", "v", "PX", "1");
  await client.call("CLIENT", "PAUSE", "60000", "WRITE");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(await client.callRaw("RANDOMKEY"), "$-1\r\n");
  assertEquals(await client.callRaw("DBSIZE"), ":1\r\n");
});

/** Commands that store an empty result at `d`. */
const STORES_OF_NOTHING: readonly (readonly string[])[] = [
  ["SUNIONSTORE", "d", "no"],
  ["SINTERSTORE", "d", "no"],
  ["SDIFFSTORE", "d", "no"],
  ["ZUNIONSTORE", "d", "1", "no"],
  ["ZINTERSTORE", "d", "1", "no"],
  ["ZDIFFSTORE", "d", "1", "no"],
  ["ZRANGESTORE", "d", "no", "0", "-1"],
  ["GEOSEARCHSTORE", "d", "no", "FROMLONLAT", "0", "0", "BYRADIUS", "1", "m"],
  ["GEORADIUS", "no", "0", "0", "1", "m", "STORE", "d"],
  ["SORT", "no", "STORE", "d"],
  ["BITOP", "AND", "d", "no"],
];

Deno.test({
  name: "an empty result deletes the key where it is stored, though that has expired",
  ...withRedis,
  async fn() {
    await using redis = await startRedis(DEBUG);
    await using redeno = await startRedeno(DEBUG);
    const lapsed = [["DEBUG", "SET-ACTIVE-EXPIRE", "0"], ["SET", "d", "v", "PXAT", "1"]];
    for (const command of STORES_OF_NOTHING) {
      const script = [...lapsed, command, ["EXISTS", "d"]];
      const wanted = await publishedEvents(redis, script);
      assertEquals(await publishedEvents(redeno, script), wanted, command.join(" "));
    }
  },
});
