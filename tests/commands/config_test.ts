/** CONFIG over the wire: GET, SET, RESETSTAT, REWRITE and HELP as the real Redis answers them. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const always = { sanitizeOps: true, sanitizeResources: true };

Deno.test({ name: "CONFIG answers as Redis does, in both protocols", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using pair = await Pair.open(redis.port, redeno.port);
  for (const protocol of ["2", "3"]) {
    await pair.bothWith({ ignore: true }, "HELLO", protocol);
    await pair.both("CONFIG");
    await pair.both("CONFIG", "nosuch");
    await pair.both("CONFIG", "HELP");
    await pair.both("CONFIG", "HELP", "x");
    await pair.both("CONFIG", "GET");
    await pair.both("CONFIG", "GET", "nosuch");
    await pair.both("CONFIG", "GET", "appendfsync");
    await pair.both("config", "get", "APPENDFSYNC");
    await pair.bothWith({ unordered: "pairs" }, "CONFIG", "GET", "appendfsync", "hz", "nosuch");
    await pair.bothWith(
      { unordered: "pairs" },
      "CONFIG",
      "GET",
      "hash-max-*",
      "hash-max-listpack-*",
    );
    await pair.both("CONFIG", "SET", "a");
    await pair.both("CONFIG", "SET", "hz", "20", "appendfsync");
    await pair.both("CONFIG", "SET", "nosuch", "1");
    await pair.both("CONFIG", "SET", "hz", "many");
    await pair.both("CONFIG", "SET", "hz", "50", "appendfsync", "sometimes");
    await pair.both("CONFIG", "GET", "hz");
    await pair.both("CONFIG", "SET", "hz", "20", "appendfsync", "no");
    await pair.both("CONFIG", "SET", "hz", "20", "hz", "30");
    await pair.both("CONFIG", "SET", "databases", "3");
    await pair.bothWith({ unordered: "pairs" }, "CONFIG", "GET", "hz", "appendfsync", "databases");
    await pair.both("CONFIG", "GET", "loading-process-*");
    await pair.both("CONFIG", "GET", "Loading-Process-Events-Interval-Bytes");
    await pair.both("CONFIG", "SET", "loading-process-events-interval-bytes", "1023");
    await pair.bothWith(
      { unordered: "pairs" },
      "CONFIG",
      "GET",
      "watchdog-period",
      "use-exit-on-panic",
    );
    await pair.both("CONFIG", "RESETSTAT");
    await pair.both("CONFIG", "RESETSTAT", "x");
    await pair.both("CONFIG", "REWRITE");
    await pair.both("CONFIG", "REWRITE", "x");
    await pair.both("CONFIG", "SET", "hz", "10", "appendfsync", "everysec");
  }
});

Deno.test(
  { name: "CONFIG REWRITE keeps the file's text and writes what has changed", ...always },
  async () => {
    const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
    try {
      const file = `${dir}/redeno.conf`;
      await Deno.writeTextFile(file, "# mine\nhz 10\n");
      await using redeno = await startRedeno([file], { dir });
      await using client = await connect(redeno.port);
      assertEquals(await client.callRaw("CONFIG", "SET", "hz", "42"), "+OK\r\n");
      assertEquals(await client.callRaw("CONFIG", "REWRITE"), "+OK\r\n");
      const text = await Deno.readTextFile(file);
      assert(text.startsWith("# mine\nhz 42\n"), text);
      assertEquals([...Deno.readDirSync(dir)].filter(({ name }) => name.includes("tmp")), []);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);

Deno.test({ name: "CONFIG RESETSTAT sets what INFO counts to zero", ...always }, async () => {
  await using redeno = await startRedeno();
  await using client = await connect(redeno.port);
  await client.call("GET", "k");
  assertStringIncludes(await client.callRaw("INFO", "commandstats"), "cmdstat_get:calls=1,");
  assertMatch(await client.callRaw("INFO", "stats"), /keyspace_misses:1\r\n/);
  await client.call("CONFIG", "RESETSTAT");
  assert(!(await client.callRaw("INFO", "commandstats")).includes("cmdstat_get"));
  assertMatch(await client.callRaw("INFO", "stats"), /keyspace_misses:0\r\n/);
});
