/** Values as servers of all ages wrote them: RESTORE takes them as the real Redis does. */

import { assertEquals } from "../../kit/assert.ts";
import { Pair } from "../../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../../kit/oracle.ts";
import { connect } from "../../kit/resp_client.ts";
import { sealed } from "./dump_kit.ts";
import { READ_BY_BOTH, WRITTEN_LATER } from "./values.ts";

const options = { sanitizeOps: true, sanitizeResources: true };
const DEBUG = ["--enable-debug-command", "yes"];

/** The command that reads what came later, and its reply. */
const READ_HERE: Readonly<Record<string, readonly [command: string, reply: string]>> = {
  "set as a listpack": ["SMISMEMBER k a 7 b", "*3\r\n:1\r\n:1\r\n:0\r\n"],
  "stream of Redis 7.2": [
    "XPENDING k readers",
    "*4\r\n:1\r\n$3\r\n5-1\r\n$3\r\n5-1\r\n*1\r\n*2\r\n$5\r\nalice\r\n$1\r\n1\r\n",
  ],
  "hash with expiries": [
    "HPEXPIRETIME k FIELDS 2 a b",
    "*2\r\n:-1\r\n:4000000000004\r\n",
  ],
  "hash with expiries as a listpack": [
    "HPEXPIRETIME k FIELDS 2 a b",
    "*2\r\n:-1\r\n:4000000000000\r\n",
  ],
};

Deno.test({
  name: "every type of RDB that Redis 7.0 reads is the same value here and there",
  ...options,
  ignore: !hasRedisServer(),
  fn: async () => {
    await using redis = await startRedis(DEBUG);
    await using redeno = await startRedeno(DEBUG);
    await using pair = await Pair.open(redis.port, redeno.port);
    for (const [name, body] of Object.entries(READ_BY_BOTH)) {
      for (const version of [1, 10]) {
        await pair.both("RESTORE", name, "0", sealed(body, version), "REPLACE");
      }
      await pair.both("OBJECT", "ENCODING", name);
      await pair.both("DEBUG", "DIGEST-VALUE", name);
    }
    await pair.both("DBSIZE");
    for (const name of ["stream", "stream of Redis 7", "stream without entries"]) {
      await pair.both("XRANGE", name, "-", "+");
      await pair.both("XINFO", "STREAM", name);
      await pair.both("XINFO", "GROUPS", name);
    }
    await pair.both("XPENDING", "stream", "readers");
  },
});

Deno.test({
  name: "what later servers write is read as well",
  ...options,
  fn: async () => {
    await using redeno = await startRedeno(DEBUG);
    await using client = await connect(redeno.port);
    for (const [name, body] of Object.entries(WRITTEN_LATER)) {
      const [command, reply] = READ_HERE[name];
      assertEquals(
        await client.callRaw("RESTORE", "k", "0", sealed(body, 12), "REPLACE"),
        "+OK\r\n",
      );
      assertEquals(await client.callRaw(...command.split(" ")), reply);
      const dump = await client.callRaw("DUMP", "k");
      const payload = dump.slice(dump.indexOf("\r\n") + 2, -2);
      assertEquals(await client.callRaw("RESTORE", "k", "0", payload, "REPLACE"), "+OK\r\n");
      assertEquals(await client.callRaw(...command.split(" ")), reply);
    }
  },
});
