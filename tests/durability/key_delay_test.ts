/** `key-load-delay` and `rdb-key-save-delay`, with which loading and saving last; as in real Redis. */

import { assert, assertEquals, assertLess, assertStringIncludes } from "../kit/assert.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { KeyDelay } from "../../lib/persistence/key_delay.ts";
import { ask, field, namesIn, pad, QUIET, SAVING, settled, withDir } from "./kit.ts";

const SERVERS = [["redis", startRedis], ["redeno", startRedeno]] as const;
const KEYS = 200;
const DELAY_US = 2000;

/** What the log says of how long the last load took, in seconds. */
function loadTime_s(server: Server): number {
  const times = Array.from(server.log().matchAll(/DB loaded from .*: ([0-9.]+) seconds/g));
  assert(times.length > 0, server.log());
  return Number(times.at(-1)![1]);
}

for (const [name, start] of SERVERS) {
  const ignore = name === "redis" && !hasRedisServer();

  Deno.test({
    name: `${name}: FLUSHALL gives up a BGSAVE, without save points, too`,
    ignore,
    fn: async () => {
      await using server = await start([...QUIET, "--rdb-key-save-delay", "10000000"]);
      await using client = await connect(server.port);
      await pad(client, KEYS);
      assertEquals(await client.callRaw("BGSAVE"), SAVING);
      assertEquals(await field(server, "rdb_bgsave_in_progress"), "1");
      assertEquals(await client.callRaw("FLUSHALL"), "+OK\r\n");
      const began_ms = performance.now();
      const fields = await settled(server);
      assertLess(performance.now() - began_ms, 5000);
      assertEquals(fields.get("rdb_last_bgsave_status"), "ok");
      assertEquals(fields.get("rdb_changes_since_last_save"), String(2 * KEYS));
      assertEquals(namesIn(server.dir), []);
    },
  });

  for (const appendonly of ["no", "yes"]) {
    Deno.test({
      name: `${name}: key-load-delay makes loading last (appendonly ${appendonly})`,
      ignore,
      fn: () =>
        withDir(async (dir) => {
          const options = [...QUIET, "--appendonly", appendonly];
          {
            await using server = await start(options, { dir });
            await using client = await connect(server.port);
            await pad(client, KEYS);
            if (appendonly === "no") await client.call("SAVE");
          }
          const delay = ["--key-load-delay", String(DELAY_US)];
          await using server = await start([...options, ...delay], { dir });
          assertEquals(await ask(server, "DBSIZE"), `:${KEYS}\r\n`);
          assertLess(KEYS * DELAY_US / 1e6, loadTime_s(server) + 0.01);
        }),
    });
  }

  Deno.test({
    name: `${name}: the delays are shown to those who know their names only`,
    ignore,
    fn: async () => {
      await using server = await start();
      for (const directive of ["key-load-delay", "rdb-key-save-delay"]) {
        assertEquals(await ask(server, "CONFIG", "SET", directive, "-7"), "+OK\r\n");
        assertStringIncludes(await ask(server, "CONFIG", "GET", directive), "$2\r\n-7\r\n");
        assertEquals(await ask(server, "CONFIG", "GET", `${directive}*`), "*0\r\n");
      }
    },
  });
}

Deno.test("short pauses are made together", () => {
  let delay_us = 4000;
  const delay = new KeyDelay(() => delay_us);
  assertEquals([1, 1, 1, 5].map((keys) => delay.after(keys)), [0, 0, 12, 20]);
  delay_us = -2; // half a microsecond for each
  assertEquals([delay.after(19_999), delay.after(1)], [0, 10]);
  delay_us = 4000;
  delay.after(2);
  delay_us = 0;
  assertEquals([delay.isOn, delay.after(1)], [false, 0]);
  delay_us = 4000;
  assertEquals([delay.isOn, delay.after(1)], [true, 0]);
});
