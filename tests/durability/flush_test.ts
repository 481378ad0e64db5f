/** FLUSHALL and the snapshot on disk. */

import { assertEquals } from "../kit/assert.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";

for (const name of ["redeno", "redis"] as const) {
  for (const save of ["3600 1", ""]) {
    const what = save === "" ? "without save points stays" : "with save points is emptied at once";
    Deno.test({
      name: `${name}: the snapshot after FLUSHALL ${what}`,
      ignore: name === "redis" && !hasRedisServer(),
      fn: async () => {
        const start = name === "redis" ? startRedis : startRedeno;
        const options = ["--save", ...(save === "" ? [""] : save.split(" "))];
        const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
        try {
          {
            const server = await start(options, { dir });
            await using client = await connect(server.port);
            await client.call("SET", "k", "v");
            await client.call("SAVE");
            await client.call("BGSAVE");
            assertEquals(await client.callRaw("FLUSHALL"), "+OK\r\n");
            assertEquals(await client.callRaw("SET", "after", "v"), "+OK\r\n");
            await server.kill();
          }
          await using server = await start(options, { dir });
          await using client = await connect(server.port);
          assertEquals(await client.callRaw("DBSIZE"), save === "" ? ":1\r\n" : ":0\r\n");
        } finally {
          await Deno.remove(dir, { recursive: true });
        }
      },
    });
  }
}
