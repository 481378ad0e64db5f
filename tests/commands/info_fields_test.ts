/** INFO: the fields that monitors read of Memory, Persistence and Replication, beside Redis's. */

import { assertEquals } from "../kit/assert.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";

/** Fields that only Redis has: their mechanism has no counterpart here. */
const MISSING: Readonly<Record<string, readonly string[]>> = {
  memory: ["mem_aof_buffer"],
  persistence: [],
  replication: [],
  keyspace: [],
};
const OWN = ["v8_heap_used", "v8_heap_total", "v8_external", "aof_archive_enabled"];

async function fields(server: Server, section: string): Promise<string[]> {
  await using client = await connect(server.port);
  const text = await client.callRaw("INFO", section);
  return [...text.matchAll(/^(\w+):/gm)].map(([, name]) => name);
}

Deno.test({
  name: "INFO has Redis's fields of Memory, Persistence, Replication and Keyspace, in its order",
  ignore: !hasRedisServer(),
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using redis = await startRedis();
    await using redeno = await startRedeno();
    for (const [section, missing] of Object.entries(MISSING)) {
      const expected = (await fields(redis, section)).filter((name) => !missing.includes(name));
      const actual = (await fields(redeno, section)).filter((name) => !OWN.includes(name));
      assertEquals(actual, expected, section);
    }
  },
});
