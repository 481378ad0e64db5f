/** `npm:ioredis` as programs use it. */

import { Buffer } from "node:buffer";
import { once } from "node:events";
import { Redis, type RedisOptions } from "ioredis";
import { assert, assertEquals, assertMatch, assertRejects } from "../kit/assert.ts";
import { freePort, type Server, startRedeno } from "../kit/oracle.ts";
import { everyByte, scratchDir, testOnBoth, WITH_LOG } from "./kit.ts";

interface Connected extends AsyncDisposable {
  readonly redis: Redis;
}

async function open(server: Server, options: RedisOptions = {}): Promise<Connected> {
  const redis = new Redis(server.port, "127.0.0.1", { lazyConnect: true, ...options });
  // What fails is told to who waits for it; without a listener it would be printed as well.
  redis.on("error", () => {});
  await redis.connect();
  return { redis, [Symbol.asyncDispose]: () => close(redis) };
}

async function close(redis: Redis): Promise<void> {
  if (redis.status === "end") return;
  const ended = once(redis, "end");
  redis.disconnect();
  await ended;
}

testOnBoth("ioredis stores strings, numbers and bytes", [], async (server) => {
  await using client = await open(server);
  const { redis } = client;
  const bytes = Buffer.from(everyByte());
  assertEquals(await redis.set("bytes", bytes), "OK");
  assertEquals(await redis.getBuffer("bytes"), bytes);
  assertEquals(await redis.strlen("bytes"), 256);
  assertEquals(await redis.get("nothing"), null);
  assertEquals(await redis.set("a", "1", "EX", 100, "NX"), "OK");
  assertEquals(await redis.set("a", "2", "NX"), null);
  assertEquals(await redis.incrby("a", 41), 42);
  assertEquals(await redis.incrbyfloat("a", 0.1), "42.1");
  assertEquals(await redis.mset({ x: "é", y: "2" }), "OK");
  assertEquals(await redis.mget("x", "y", "z"), ["é", "2", null]);
  await assertRejects(() => redis.incr("x"), Error, "ERR value is not an integer or out of range");
});

testOnBoth("ioredis gets the replies of a pipeline in order", [], async (server) => {
  await using client = await open(server);
  const { redis } = client;
  const pipeline = redis.pipeline();
  for (let i = 0; i < 5000; i++) pipeline.set(`key:${i}`, i).incr(`key:${i}`);
  const replies = await pipeline.exec() ?? [];
  assertEquals(replies.length, 10_000);
  for (let i = 0; i < 5000; i++) {
    assertEquals(replies[2 * i], [null, "OK"]);
    assertEquals(replies[2 * i + 1], [null, i + 1]);
  }
  const mixed = await redis.pipeline().set("a", "text").incr("a").get("a").exec() ?? [];
  assertEquals(mixed[0], [null, "OK"]);
  assertMatch(String(mixed[1][0]), /ERR value is not an integer/);
  assertEquals(mixed[2], [null, "text"]);
});

testOnBoth("ioredis runs MULTI as one, and WATCH sees what changed", [], async (server) => {
  await using mine = await open(server);
  await using other = await open(server);
  const { redis } = mine;
  assertEquals(await redis.multi().set("a", "1").incr("a").get("a").exec(), [
    [null, "OK"],
    [null, 2],
    [null, "2"],
  ]);
  await redis.watch("a");
  await other.redis.set("a", "taken");
  assertEquals(await redis.multi().set("a", "mine").exec(), null);
  assertEquals(await redis.get("a"), "taken");
  await redis.watch("a");
  await redis.unwatch();
  await other.redis.set("a", "again");
  assertEquals(await redis.multi().set("a", "mine").exec(), [[null, "OK"]]);
  await assertRejects(() => redis.multi().set("a", "b").call("set").exec(), Error, "EXECABORT");
  assertEquals(await redis.get("a"), "mine");
});

testOnBoth("ioredis sees keys expire", [], async (server) => {
  await using client = await open(server);
  const { redis } = client;
  await redis.set("short", "1", "PX", 60);
  await redis.set("long", "1", "EX", 100);
  const ttl = await redis.pttl("long");
  assert(ttl > 90_000 && ttl <= 100_000, `PTTL ${ttl}`);
  await new Promise((resolve) => setTimeout(resolve, 80));
  assertEquals(await redis.exists("short", "long"), 1);
  assertEquals(await redis.ttl("short"), -2);
  assertEquals(await redis.persist("long"), 1);
  assertEquals(await redis.ttl("long"), -1);
});

testOnBoth("ioredis streams every key of a SCAN", [], async (server) => {
  await using client = await open(server);
  const { redis } = client;
  const wanted = Array.from({ length: 2000 }, (_, i) => `user:${i}`);
  const pipeline = redis.pipeline();
  for (const key of wanted) pipeline.set(key, "1");
  for (let i = 0; i < 500; i++) pipeline.set(`other:${i}`, "1");
  await pipeline.exec();
  const seen = new Set<string>();
  for await (const keys of redis.scanStream({ match: "user:*", count: 100 })) {
    for (const key of keys as string[]) seen.add(key);
  }
  assertEquals([...seen].sort(), wanted.sort());
});

testOnBoth("ioredis gives the password", ["--requirepass", "se cret"], async (server) => {
  await using client = await open(server, { password: "se cret", db: 3 });
  await client.redis.set("a", "1");
  assertEquals(await client.redis.get("a"), "1");
  await client.redis.select(0);
  assertEquals(await client.redis.get("a"), null);
  const stranger = new Redis(server.port, "127.0.0.1", {
    lazyConnect: true,
    enableReadyCheck: false,
  });
  await stranger.connect();
  await assertRejects(() => stranger.get("a"), Error, "NOAUTH Authentication required.");
  await assertRejects(() => stranger.auth("wrong"), Error, "WRONGPASS");
  await close(stranger);
});

Deno.test({
  name: "ioredis comes back by itself after a restart, and finds everything it was told is there",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using dir = await scratchDir();
    const port = freePort();
    const place = { dir: dir.path, port };
    const first = await startRedeno(WITH_LOG, place);
    await using client = await open(first, {
      db: 2,
      retryStrategy: () => 50,
      maxRetriesPerRequest: null,
    });
    const { redis } = client;
    const pipeline = redis.pipeline();
    for (let i = 0; i < 1000; i++) pipeline.set(`key:${i}`, `value ${i}`);
    await pipeline.exec();
    await redis.multi().set("a", "1").incr("a").expire("a", 1000).exec();
    await first.kill();
    const whileAway = redis.incr("a"); // waits in the client
    await using _second = await startRedeno(WITH_LOG, place);
    assertEquals(await whileAway, 3);
    assertEquals(await redis.dbsize(), 1001);
    assertEquals(await redis.get("key:999"), "value 999");
    const ttl = await redis.ttl("a");
    assert(ttl > 900 && ttl <= 1000, `TTL ${ttl}`);
    await close(redis); // before the server goes, or it would look for it again
  },
});
