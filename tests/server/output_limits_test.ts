/** `client-output-buffer-limit normal`: clients that do not read their replies, as in the real Redis. */

import { assert, assertEquals } from "../kit/assert.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

/** Hard limit in bytes, and the length of a reply: it may come or be the end of the connection. */
const CASES: readonly (readonly [hard_bytes: number, reply_bytes: number])[] = [
  [0, 300_000],
  [1000, 500],
  [1000, 16_000],
  [1000, 17_000],
  [20_000, 17_000],
  [30_000, 17_000],
  [30_000, 100_000],
  [1_000_000, 900_000],
  [1_000_000, 1_100_000],
];

/** Whether a client gets a reply of this length under this hard limit. */
async function getsReply(server: Server, hard_bytes: number, bytes: number): Promise<boolean> {
  await using control = await connect(server.port);
  await using client = await connect(server.port);
  await control.call("SET", "k", "x".repeat(bytes));
  await control.call("CONFIG", "SET", "client-output-buffer-limit", `normal ${hard_bytes} 0 0`);
  try {
    return (await client.callRaw("GET", "k")).length > bytes;
  } catch (error) {
    assert(error instanceof Error && error.message.includes("closed"), String(error));
    return false;
  } finally {
    await control.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0");
  }
}

Deno.test({
  name: "a client whose replies exceed the hard limit is closed, the first 16 KiB not counted",
  ...withRedis,
  async fn() {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    for (const [hard_bytes, bytes] of CASES) {
      const [expected, actual] = [
        await getsReply(redis, hard_bytes, bytes),
        await getsReply(redeno, hard_bytes, bytes),
      ];
      assertEquals(actual, expected, `a reply of ${bytes} bytes, limit ${hard_bytes}`);
    }
    assert(/closed for overcoming of output buffer limits/.test(redeno.log()), redeno.log());
  },
});

/** Whether a client gets a reply of many elements, this many bytes in all, under a limit of 100 kB. */
async function getsList(server: Server, bytes: number): Promise<boolean> {
  const element = "x".repeat(93); // 100 bytes in a reply
  await using control = await connect(server.port);
  await using client = await connect(server.port);
  await control.call("DEL", "list");
  await control.call("RPUSH", "list", ...new Array<string>(bytes / 100).fill(element));
  await control.call("CONFIG", "SET", "client-output-buffer-limit", "normal 100000 0 0");
  try {
    return (await client.callRaw("LRANGE", "list", "0", "-1")).length > bytes;
  } catch (error) {
    assert(error instanceof Error && error.message.includes("closed"), String(error));
    return false;
  }
}

Deno.test({
  name: "a reply of many elements counts in whole blocks",
  ...withRedis,
  async fn() {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    for (const bytes of [90_000, 98_200, 98_300, 110_000, 130_000]) {
      const expected = await getsList(redis, bytes);
      assertEquals(await getsList(redeno, bytes), expected, `${bytes} bytes`);
    }
  },
});

Deno.test({
  name: "a client that stays above the soft limit is closed when its time is over, not before",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using redeno = await startRedeno([
      "--save",
      "",
      "--client-output-buffer-limit",
      "normal 0 1mb 2",
    ]);
    await using control = await connect(redeno.port);
    await control.call("SET", "k", "x".repeat(1_000_000));
    // More than the kernel takes on behalf of a reader that does not read.
    using silent = await Deno.connect({ hostname: "127.0.0.1", port: redeno.port });
    await silent.write(new TextEncoder().encode("GET k\r\n".repeat(30)));
    const clients = async () =>
      /connected_clients:(\d+)/.exec(String(await control.callRaw("INFO", "clients")))![1];
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assertEquals(await clients(), "2");
    const deadline = performance.now() + 5000;
    while (await clients() !== "1" && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertEquals(await clients(), "1");
  },
});

Deno.test({
  name: "a client that was above the soft limit and then reads everything stays",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using redeno = await startRedeno([
      "--save",
      "",
      "--client-output-buffer-limit",
      "normal 0 1mb 1",
    ]);
    await using client = await connect(redeno.port);
    await client.call("SET", "k", "x".repeat(5_000_000));
    for (let i = 0; i < 3; i++) {
      assertEquals((await client.callRaw("GET", "k")).length > 5_000_000, true);
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    assertEquals(await client.callRaw("PING"), "+PONG\r\n");
  },
});
