/** INFO: the fields that monitors read, beside those of the real Redis. */

import { assertEquals, assertGreater } from "../kit/assert.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { infoFigure } from "./kit.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

/** What tells how Redis was built, and figures of mechanisms that work in another way in redeno. */
const MISSING: Readonly<Record<string, readonly string[]>> = {
  server: ["redis_build_id", "monotonic_clock", "atomicvar_api", "gcc_version"],
  clients: [],
  memory: [],
  persistence: [],
  stats: [
    "dump_payload_sanitizations",
    "reply_buffer_shrinks",
    "reply_buffer_expands",
  ],
  replication: [],
  keyspace: [],
};
const OWN_VERSIONS = ["redeno_version", "deno_version", "v8_version"];
const OWN_FIGURES = ["v8_heap_used", "v8_heap_total", "v8_external", "aof_archive_enabled"];
const OWN: readonly string[] = [...OWN_VERSIONS, ...OWN_FIGURES];

async function fields(server: Server, section: string): Promise<string[]> {
  await using client = await connect(server.port);
  const text = await client.callRaw("INFO", section);
  return [...text.matchAll(/^(\w+):/gm)].map(([, name]) => name);
}

Deno.test({
  name: "INFO has Redis's fields in Redis's order, but for those that would not mean anything",
  ...withRedis,
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

Deno.test({
  name: "INFO counts the buffers of the log as memory in use",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using redeno = await startRedeno();
    await using client = await connect(redeno.port);
    assertEquals(await infoFigure(client, "mem_aof_buffer"), 0);
    const before = await infoFigure(client, "used_memory");
    await client.call("CONFIG", "SET", "appendonly", "yes");
    const buffers = await infoFigure(client, "mem_aof_buffer");
    assertGreater(buffers, 0);
    assertGreater(await infoFigure(client, "used_memory"), before + buffers / 2);
  },
});

Deno.test({
  name: "INFO counts what is read and written",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using redeno = await startRedeno();
    await using client = await connect(redeno.port);
    for (const name of ["total_reads_processed", "total_writes_processed"]) {
      await client.call("CONFIG", "RESETSTAT");
      for (let i = 0; i < 10; i++) await client.call("PING");
      const counted = await infoFigure(client, name);
      assertEquals([counted >= 10, counted <= 13], [true, true], `${name}: ${counted}`);
    }
    assertGreater(await infoFigure(client, "total_net_input_bytes"), 0);
  },
});
