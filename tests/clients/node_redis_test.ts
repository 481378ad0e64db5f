/** `npm:redis` as programs use it, in RESP2 and RESP3. */

import { Buffer } from "node:buffer";
import { createClient, RESP_TYPES, WatchError } from "redis";
import { assert, assertEquals, assertRejects } from "../kit/assert.ts";
import { freePort, startRedeno } from "../kit/oracle.ts";
import { everyByte, scratchDir, testOnBoth, WITH_LOG } from "./kit.ts";

interface Login {
  readonly password?: string;
  readonly database?: number;
}

/** A client that is not connected yet; what fails is told to who waits for it. */
function clientFor(port: number, protocol: 2 | 3, login: Login, reconnectStrategy: number | false) {
  const client = createClient({
    RESP: protocol,
    socket: { host: "127.0.0.1", port, reconnectStrategy },
    ...login,
  });
  client.on("error", () => {});
  return client;
}

type Client = ReturnType<typeof clientFor>;

/** Whoever comes while the data is loaded is refused, here as in Redis, and asks again. */
async function onceLoaded<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("LOADING")) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function open(
  port: number,
  protocol: 2 | 3,
  login: Login = {},
): Promise<AsyncDisposable & { readonly client: Client }> {
  const client = clientFor(port, protocol, login, 50);
  await client.connect();
  return {
    client,
    [Symbol.asyncDispose]: async () => {
      if (client.isOpen) await client.close();
    },
  };
}

for (const protocol of [2, 3] as const) {
  const named = `node-redis in RESP${protocol}`;

  testOnBoth(`${named} stores strings, numbers and bytes`, [], async ({ port }) => {
    await using opened = await open(port, protocol);
    const { client } = opened;
    const bytes = Buffer.from(everyByte());
    assertEquals(await client.set("bytes", bytes), "OK");
    const asBytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    assertEquals(await asBytes.get("bytes"), bytes);
    assertEquals(await client.get("nothing"), null);
    const long = "x".repeat(3_000_000);
    await client.set("long", long);
    assert(await client.get("long") === long);
    const once = { expiration: { type: "EX", value: 100 }, condition: "NX" } as const;
    assertEquals(await client.set("a", "1", once), "OK");
    assertEquals(await client.set("a", "2", once), null);
    assertEquals(await client.incrBy("a", 41), 42);
    assertEquals(await client.mSet({ x: "é", y: "2" }), "OK");
    assertEquals(await client.mGet(["x", "y", "z"]), ["é", "2", null]);
    assertEquals(await client.getRange("x", 0, -1), "é");
    assertEquals(await client.exists(["a", "x", "no"]), 2);
    await assertRejects(() => client.incr("x"), Error, "ERR value is not an integer");
  });

  testOnBoth(`${named} sends what is asked in one turn as one pipeline`, [], async ({ port }) => {
    await using opened = await open(port, protocol);
    const { client } = opened;
    const asked = Array.from({ length: 3000 }, (_, i) => client.set(`key:${i}`, String(i)));
    assertEquals(new Set(await Promise.all(asked)), new Set(["OK"]));
    assertEquals(await client.dbSize(), 3000);
    assertEquals(
      await client.multi().get("key:1").get("key:2999").execAsPipeline() as unknown[],
      ["1", "2999"],
    );
  });

  testOnBoth(`${named} runs MULTI as one, and WATCH sees a change`, [], async ({ port }) => {
    await using mine = await open(port, protocol);
    await using other = await open(port, protocol);
    const { client } = mine;
    assertEquals(await client.multi().set("a", "1").incr("a").get("a").exec() as unknown[], [
      "OK",
      2,
      "2",
    ]);
    await client.watch("a");
    await other.client.set("a", "taken");
    await assertRejects(() => client.multi().set("a", "mine").exec(), WatchError);
    assertEquals(await client.get("a"), "taken");
    assertEquals(await client.multi().set("a", "mine").exec() as unknown[], ["OK"]);
  });

  testOnBoth(`${named} sees keys expire`, [], async ({ port }) => {
    await using opened = await open(port, protocol);
    const { client } = opened;
    await client.set("short", "1", { expiration: { type: "PX", value: 60 } });
    await client.setEx("long", 100, "1");
    const ttl = await client.pTTL("long");
    assert(ttl > 90_000 && ttl <= 100_000, `PTTL ${ttl}`);
    await new Promise((resolve) => setTimeout(resolve, 80));
    assertEquals(await client.get("short"), null);
    assertEquals(await client.persist("long"), 1);
    assertEquals(await client.ttl("long"), -1);
  });

  testOnBoth(`${named} iterates over every key of a SCAN`, [], async ({ port }) => {
    await using opened = await open(port, protocol);
    const { client } = opened;
    const wanted = Array.from({ length: 1000 }, (_, i) => `user:${i}`);
    await client.mSet(Object.fromEntries(wanted.map((key) => [key, "1"])));
    await client.set("other", "1");
    const seen = new Set<string>();
    for await (const keys of client.scanIterator({ MATCH: "user:*", COUNT: 50, TYPE: "string" })) {
      for (const key of keys) seen.add(key);
    }
    assertEquals([...seen].sort(), wanted.sort());
  });

  const withPassword = ["--requirepass", "se cret"];
  testOnBoth(`${named} gives the password`, withPassword, async ({ port }) => {
    await using opened = await open(port, protocol, { password: "se cret", database: 3 });
    const { client } = opened;
    await client.set("a", "1");
    await client.select(0);
    assertEquals(await client.get("a"), null);
    await client.select(3);
    assertEquals(await client.get("a"), "1");
    const stranger = clientFor(port, protocol, { password: "wrong" }, false);
    await assertRejects(() => stranger.connect(), Error, "WRONGPASS");
    assert(!stranger.isOpen);
  });
}

testOnBoth("node-redis reads maps of RESP3 as objects", [], async ({ port }) => {
  await using opened = await open(port, 3);
  const { client } = opened;
  assertEquals({ ...await client.configGet(["appendonly", "databases"]) }, {
    appendonly: "no",
    databases: "16",
  });
  const hello = await client.hello();
  assertEquals([hello.server, hello.proto], ["redis", 3]);
});

Deno.test({
  name:
    "node-redis comes back by itself after a restart, and finds everything it was told is there",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using dir = await scratchDir();
    const place = { dir: dir.path, port: freePort() };
    const first = await startRedeno(WITH_LOG, place);
    await using opened = await open(place.port, 3, { database: 2 });
    const { client } = opened;
    await Promise.all(Array.from({ length: 1000 }, (_, i) => client.set(`key:${i}`, `value ${i}`)));
    await client.multi().set("a", "1").incr("a").expire("a", 1000).exec();
    const noticed = new Promise((resolve) => client.once("reconnecting", () => resolve(undefined)));
    await first.kill();
    await noticed; // what was on its way when the connection broke would be refused
    const whileAway = onceLoaded(() => client.incr("a")); // waits in the client
    await using _second = await startRedeno(WITH_LOG, place);
    assertEquals(await whileAway, 3);
    assertEquals(await client.dbSize(), 1001);
    assertEquals(await client.get("key:999"), "value 999");
    const ttl = await client.ttl("a");
    assert(ttl > 900 && ttl <= 1000, `TTL ${ttl}`);
    await client.close(); // before the server goes, or it would look for it again
  },
});
