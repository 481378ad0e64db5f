/** SLOWLOG: what is kept of slow commands, as the real Redis keeps it. */

import { assert, assertEquals } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import { plain } from "./introspection_kit.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const always = { sanitizeOps: true, sanitizeResources: true };
const LONG = "x".repeat(300);
const MANY = Array.from({ length: 40 }, (_, i) => `k${i}`);

/** What SLOWLOG GET tells, without what differs from run to run. */
async function entries(client: RespClient): Promise<unknown[]> {
  const all = plain(await client.call("SLOWLOG", "GET", "-1")) as [
    number,
    number,
    number,
    string[],
    string,
    string,
  ][];
  const now_s = Date.now() / 1000;
  return all.map(([id, time_s, duration_us, args, address, name]) => {
    assert(Math.abs(now_s - time_s) < 60 && duration_us >= 0, `${time_s} ${duration_us}`);
    assert(/^127\.0\.0\.1:\d+$/.test(address), address);
    return { id, args, name };
  });
}

Deno.test({ name: "SLOWLOG answers as Redis does", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using pair = await Pair.open(redis.port, redeno.port);
  for (const protocol of ["2", "3"]) {
    await pair.bothWith({ ignore: true }, "HELLO", protocol);
    await pair.bothWith({ ignore: true }, "SLOWLOG", "RESET");
    await pair.both("SLOWLOG");
    await pair.both("SLOWLOG", "HELP");
    await pair.both("SLOWLOG", "nosuch");
    await pair.both("SLOWLOG", "LEN");
    await pair.both("SLOWLOG", "LEN", "x");
    await pair.both("SLOWLOG", "RESET");
    await pair.both("SLOWLOG", "RESET", "x");
    for (const count of ["-2", "-1", "0", "1", "x", "1.5", "", "99999999999999999999"]) {
      await pair.both("SLOWLOG", "GET", count);
    }
    await pair.both("SLOWLOG", "GET");
    await pair.both("slowlog", "get", "1", "2");
    for (const [name, value] of [["slowlog-log-slower-than", "-2"], ["slowlog-max-len", "-1"]]) {
      await pair.both("CONFIG", "SET", name, value);
      await pair.both("CONFIG", "GET", name);
    }
  }
});

Deno.test({ name: "arguments are shortened, and secrets left out", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using pair = await Pair.open(redis.port, redeno.port);
  await pair.both("CONFIG", "SET", "slowlog-log-slower-than", "0");
  await pair.both("SET", LONG, "v");
  await pair.both("SET", "\xff\0", LONG.slice(0, 128));
  await pair.both("DEL", ...MANY);
  await pair.both("DEL", ...MANY.slice(0, 31));
  await pair.both("DEL", ...MANY.slice(0, 32));
  await pair.both("CLIENT", "SETNAME", "me");
  await pair.both("MULTI");
  await pair.both("SET", "in", "multi");
  await pair.both("GET", "in");
  await pair.both("EXEC");
  await pair.both("AUTH", "secret");
  await pair.both("AUTH", "user", "secret");
  await pair.bothWith({ ignore: true }, "HELLO", "2", "AUTH", "default", "secret");
  await pair.bothWith({ ignore: true }, "HELLO", "2", "SETNAME", "you");
  await pair.both("CONFIG", "SET", "hz", "20", "RequirePass", "", "masterauth", "");
  await pair.both("GET"); // these are no runs
  await pair.both("NOSUCH");
  await pair.both("BLPOP", "nothing", "0.01");
  await pair.both("PING");
  assertEquals(await entries(pair.right), await entries(pair.left));
});

/** Sends a command that waits, `fill` by `other` when it does, and reads the reply. */
async function serve(waiter: RespClient, other: RespClient, command: string, fill: string) {
  const reply = waiter.call(...command.split(" "));
  while (!(await other.callRaw("INFO", "clients")).includes("blocked_clients:1"));
  await other.call(...fill.split(" "));
  await reply;
}

Deno.test(
  { name: "who waits is timed when served, not when giving up", ...withRedis },
  async () => {
    const told: unknown[] = [];
    for (const start of [startRedis, startRedeno]) {
      await using server = await start();
      await using waiter = await connect(server.port);
      await using other = await connect(server.port);
      await other.call("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "10000");
      await waiter.call("BLPOP", "k", "0.01");
      await serve(waiter, other, "BLPOP k 0", "LPUSH k x");
      await serve(waiter, other, "BLMOVE k l LEFT RIGHT 0", "RPUSH k x");
      await serve(waiter, other, "BZPOPMIN z 0", "ZADD z 1 m");
      await serve(waiter, other, "XREAD BLOCK 0 STREAMS s $", "XADD s 1-1 f v");
      const kept = await entries(other) as { args: string[] }[];
      const names = kept.map(({ args }) => args[0]).filter((name) => !/CONFIG|INFO/.test(name));
      const calls = await other.call("LATENCY", "HISTOGRAM", "blpop", "blmove", "xread");
      told.push({ names, calls: JSON.stringify(plain(calls)).match(/"calls",\d+/g) });
    }
    assertEquals(told[1], told[0]);
  },
);

Deno.test({ name: "a lowered slowlog-max-len is obeyed at once", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using pair = await Pair.open(redis.port, redeno.port);
  await pair.both("CONFIG", "SET", "slowlog-log-slower-than", "0");
  for (const key of MANY) await pair.both("GET", key);
  await pair.both("CONFIG", "SET", "slowlog-max-len", "3");
  await pair.both("SLOWLOG", "LEN");
  assertEquals(await entries(pair.right), await entries(pair.left));
  await pair.both("CONFIG", "SET", "slowlog-log-slower-than", "-1");
  await pair.both("SLOWLOG", "RESET");
  await pair.both("GET", "a");
  await pair.both("SLOWLOG", "LEN");
  await pair.both("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "0");
  await pair.both("GET", "a");
  await pair.both("SLOWLOG", "GET");
});

Deno.test(
  { name: "in a pipeline each slow command is told from the fast ones", ...always },
  async () => {
    await using redeno = await startRedeno(["--enable-debug-command", "yes"]);
    await using client = await connect(redeno.port);
    const fast = Array.from({ length: 40 }, (_, i) => ["GET", `k${i}`]);
    await client.pipeline([...fast, ["DEBUG", "SLEEP", "0.03"], ...fast]);
    const found = plain(await client.call("SLOWLOG", "GET")) as [
      number,
      number,
      number,
      string[],
    ][];
    const slept = found.filter(([, , , args]) => args[0] === "DEBUG");
    assertEquals(slept.map(([, , , args]) => args), [["DEBUG", "SLEEP", "0.03"]]);
    assert(slept[0][2] >= 30_000 && slept[0][2] < 300_000, `${slept[0][2]} us`);
  },
);
