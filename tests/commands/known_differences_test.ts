/**
 * Where redeno does on purpose what Redis 7.0.15 does not: each difference, as both servers show it.
 * What is here is a mistake of Redis's, or tells of its insides.
 */

import { assertEquals } from "../kit/assert.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { logged } from "./logged.ts";
import { words } from "./sessions.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

/** What is sent, and how the servers answer the last command. */
interface Difference {
  readonly name: string;
  readonly script: string;
  readonly redis: string;
  readonly redeno: string;
}

const DIFFERENCES: readonly Difference[] = [
  {
    name: "small integers count as shared, wherever they come from",
    script: `SET a 5
      COPY a b
      OBJECT REFCOUNT b`,
    redis: ":1\r\n",
    redeno: ":2147483647\r\n",
  },
  {
    name: "nothing else refers to a value that a transaction has stored",
    script: `MULTI
      SET k text
      OBJECT REFCOUNT k
      EXEC`,
    redis: "*2\r\n+OK\r\n:2\r\n",
    redeno: "*2\r\n+OK\r\n:1\r\n",
  },
  {
    name: "PFADD that comes upon damage leaves the value as it was", // Redis logs nothing of its half
    script: `SET mask ${"\xff".repeat(18)}
      PFADD h m31 m19 m8
      BITOP AND h h mask
      PFADD h m9 m11
      STRLEN h`,
    redis: ":30\r\n",
    redeno: ":27\r\n",
  },
  {
    name: "times beyond 2^53 ms since the epoch, in some 285,000 years, are rounded",
    script: `SET k v
      PEXPIREAT k 9007199254740993
      PEXPIRETIME k`,
    redis: ":9007199254740993\r\n",
    redeno: ":9007199254740992\r\n",
  },
];

/** Who waits, and what then puts a list or sorted set in the place of a string. */
const OVERWRITTEN: readonly (readonly [waiting: string, store: string, reply: string])[] = [
  ["BLPOP k 0", "SORT l STORE k", "*2\r\n$1\r\nk\r\n$1\r\n1\r\n"],
  ["BZPOPMIN k 0", "ZRANGESTORE k z 0 -1", "*3\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\n1\r\n"],
  ["BZPOPMIN k 0", "ZUNIONSTORE k 1 z", "*3\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\n1\r\n"],
];
/** Long enough for a reply that comes. */
const SILENCE_MS = 200;

async function lastReply(server: Server, script: string): Promise<string> {
  await using client = await connect(server.port);
  await client.call("FLUSHALL");
  let reply = "";
  for (const line of script.split("\n")) {
    reply = await client.callRaw(...words(line.trim().split(" ")));
  }
  return reply;
}

/** What a waiting client gets when its key, a string by now, is overwritten. */
async function whileWaiting(
  server: Server,
  waiting: string,
  store: string,
): Promise<string | undefined> {
  await using waiter = await connect(server.port);
  await using other = await connect(server.port);
  for (const line of ["FLUSHALL", "RPUSH l 1 2", "ZADD z 1 a"]) {
    await other.call(...line.split(" "));
  }
  await waiter.send(...waiting.split(" "));
  const blocked = async () => String(await other.callRaw("INFO", "clients"));
  while (!(await blocked()).includes("blocked_clients:1")) { /* it has yet to arrive */ }
  await other.call("SET", "k", "x");
  await other.call(...store.split(" "));
  return await waiter.readRawWithin(SILENCE_MS);
}

Deno.test({
  name: "what differs from Redis differs as is said",
  ...withRedis,
  async fn(t) {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    for (const { name, script, ...expected } of DIFFERENCES) {
      await t.step(name, async () => {
        const actual = {
          redis: await lastReply(redis, script),
          redeno: await lastReply(redeno, script),
        };
        assertEquals(actual, expected);
      });
    }
  },
});

// Redis's own later versions wake them, too: redis/redis#15452.
Deno.test({
  name: "who waits for a key is served whatever the list or sorted set replaces",
  ...withRedis,
  async fn() {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    for (const [waiting, store, reply] of OVERWRITTEN) {
      assertEquals(await whileWaiting(redis, waiting, store), undefined, store);
      assertEquals(await whileWaiting(redeno, waiting, store), reply, store);
    }
  },
});

Deno.test({
  name: "what depends on libraries and chance is logged as its result, not as the command",
  ...withRedis,
  async fn() {
    const script = [
      "GEOADD g 13 38 a 15 37 b",
      "GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km",
      "RPUSH l 2 1",
      "SORT l BY nothing:* ALPHA STORE s",
    ];
    const log = async (server: Server) => {
      await using client = await connect(server.port);
      for (const line of script) await client.call(...line.split(" "));
      return (await logged(server)).slice(1).map((line) => line.split(" ", 2).join(" "));
    };
    await using redis = await startRedis(["--appendonly", "yes", "--appendfsync", "always"]);
    await using redeno = await startRedeno(["--save", "", "--appendonly", "yes"]);
    assertEquals(await log(redis), ["zadd g", "GEOSEARCHSTORE d", "RPUSH l", "SORT l"]);
    const unit = (...commands: string[]) => ["MULTI", ...commands, "EXEC"];
    assertEquals(await log(redeno), [
      "ZADD g",
      ...unit("DEL d", "ZADD d"),
      "RPUSH l",
      ...unit("DEL s", "RPUSH s"),
    ]);
  },
});
