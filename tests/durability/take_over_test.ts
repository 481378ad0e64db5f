/** A server whose log is turned on in its configuration, after a life with snapshots. */

import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";

const LOGGED = ["--appendonly", "yes", "--enable-debug-command", "yes"];

for (const writer of ["redeno", "redis"] as const) {
  Deno.test({
    name: `a new log begins with the dump.rdb that ${writer} has left`,
    ignore: writer === "redis" && !hasRedisServer(),
    fn: async () => {
      const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
      try {
        {
          await using server = await (writer === "redis" ? startRedis : startRedeno)([], { dir });
          await using client = await connect(server.port);
          await client.call("RPUSH", "list", "a", "b");
          await client.call("SET", "n", "1");
          await client.call("SAVE");
        }
        {
          const server = await startRedeno(LOGGED, { dir });
          await using client = await connect(server.port);
          assertEquals(
            await client.callRaw("LRANGE", "list", "0", "-1"),
            "*2\r\n$1\r\na\r\n$1\r\nb\r\n",
          );
          assertEquals(await client.callRaw("INCR", "n"), ":2\r\n");
          assertStringIncludes(server.log(), "begins with the data of");
          await server.kill();
        }
        await Deno.remove(`${dir}/dump.rdb`);
        await using server = await startRedeno(LOGGED, { dir });
        await using client = await connect(server.port);
        assertEquals(await client.callRaw("GET", "n"), "$1\r\n2\r\n");
        assertEquals(await client.callRaw("LLEN", "list"), ":2\r\n");
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  });
}
