/**
 * Directories and `dump.rdb` go from redeno to real Redis and back: the data is the same, of every
 * type and encoding, and Redis's own tools are content with the files.
 *
 * REDENO_SIZE is the number of turns.
 */

import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { DATA_TYPES, dataSet } from "../types/interchange_kit.ts";
import { ask, assertTidy, digest, QUIET, rewrite, SAVING, settled, tool, withDir } from "./kit.ts";

const ignore = !hasRedisServer();
const LOG = ["--appendonly", "yes", ...QUIET];

/** Writes data of every type and size, small and as large collections; errors are errors here. */
async function fill(server: Server, chance: Seeded): Promise<void> {
  await using client = await connect(server.port);
  const { commands } = dataSet(chance, DATA_TYPES);
  const kept = chance.chance(0.5) ? "128" : "0";
  for (const type of ["hash", "zset"]) {
    await client.call("CONFIG", "SET", `${type}-max-listpack-entries`, kept);
  }
  for (let from = 0; from < commands.length; from += 500) {
    const replies = await client.pipelineRaw(commands.slice(from, from + 500));
    replies.forEach((reply, i) => {
      // What an earlier turn has left in a stream is greater than what is added now.
      const isLate = /^-ERR The ID|^-BUSYGROUP|^-NOGROUP/.test(reply);
      assert(isLate || !reply.startsWith("-"), `${commands[from + i].join(" ")}: ${reply}`);
    });
  }
  await client.pipelineRaw([["MULTI"], ["SET", "unit", "1"], ["SELECT", "5"], ["INCR", "n"], [
    "EXEC",
  ]]);
}

async function assertAccepted(dir: string): Promise<void> {
  assertTidy(dir);
  const { code, text } = await tool(
    "redis-check-aof",
    `${dir}/appendonlydir/appendonly.aof.manifest`,
  );
  assertEquals(code, 0, text);
  assertStringIncludes(text, "All AOF files and manifest are valid");
}

for (const preamble of ["yes", "no"]) {
  Deno.test({
    name:
      `a rewritten directory goes from here to Redis, and back, turn after turn: preamble ${preamble}`,
    ignore,
    fn: async () => {
      const { seed, size } = flags(2);
      const chance = new Seeded(seed);
      const options = [...LOG, "--aof-use-rdb-preamble", preamble];
      await withDir(async (dir) => {
        let expected = "0".repeat(40);
        for (let turn = 0; turn < size; turn++) {
          for (const start of [startRedeno, startRedis]) {
            await using server = await start(options, { dir });
            try {
              assertEquals(await digest(server), expected, `${start.name}, turn ${turn}`);
              await fill(server, chance);
              await rewrite(server);
              await fill(server, chance);
              expected = await digest(server);
              if (start === startRedeno) {
                const log = await ask(server, "INFO", "persistence");
                assertStringIncludes(log, "aof_last_bgrewrite_status:ok");
              }
            } finally {
              await (chance.chance(0.5) ? server.kill() : server.stop());
            }
            await assertAccepted(dir);
          }
          // Without writing: what Redis has rewritten alone, and what is appended to it here.
          await using reader = await startRedeno(options, { dir });
          assertEquals(await digest(reader), expected);
          await rewrite(reader);
          await reader.stop();
          await assertAccepted(dir);
          const manifest = await Deno.readTextFile(`${dir}/appendonlydir/appendonly.aof.manifest`);
          assertStringIncludes(manifest, `.base.${preamble === "yes" ? "rdb" : "aof"} seq`);
        }
      });
    },
  });
}

Deno.test({
  name: "checksum lines in the incremental files are passed over by Redis",
  ignore,
  fn: async () => {
    const chance = new Seeded(flags(1).seed);
    await withDir(async (dir) => {
      await using server = await startRedeno([...LOG, "--aof-timestamp-enabled", "yes"], { dir });
      await rewrite(server);
      await fill(server, chance);
      const expected = await digest(server);
      await server.stop();
      const name = "appendonlydir/appendonly.aof.2.incr.aof";
      const text = new TextDecoder("latin1").decode(await Deno.readFile(`${dir}/${name}`));
      for (const line of [/^#B:\d+\r$/m, /^#TS:\d+\r$/m, /^#S:\d+,/m]) {
        assert(line.test(text), name);
      }
      await using redis = await startRedis(LOG, { dir });
      assertEquals(await digest(redis), expected);
      await assertAccepted(dir);
    });
  },
});

Deno.test({
  name: "dump.rdb goes from here to Redis, and back, turn after turn",
  ignore,
  fn: async () => {
    const { seed, size } = flags(2);
    const chance = new Seeded(seed + 1);
    await withDir(async (dir) => {
      let expected = "0".repeat(40);
      for (let turn = 0; turn < 2 * size; turn++) {
        const compression = chance.pick(["yes", "no"]);
        const options = [...QUIET, "--rdbcompression", compression];
        const start = turn % 2 === 0 ? startRedeno : startRedis;
        await using server = await start(options, { dir });
        assertEquals(await digest(server), expected, `${start.name}, turn ${turn}`);
        await fill(server, chance);
        if (chance.chance(0.5)) {
          assertEquals(await ask(server, "SAVE"), "+OK\r\n");
        } else {
          assertEquals(await ask(server, "BGSAVE"), SAVING);
          assertEquals((await settled(server)).get("rdb_last_bgsave_status"), "ok");
        }
        expected = await digest(server);
        await server.kill();
        const { code, text } = await tool("redis-check-rdb", `${dir}/dump.rdb`);
        assertEquals(code, 0, text);
        assertStringIncludes(text, "RDB looks OK");
      }
    });
  },
});
