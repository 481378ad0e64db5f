/** FLUSHALL at the very moment at which a snapshot is complete: what was flushed does not come back. */

import { Config } from "../../../lib/config/config.ts";
import { toByteText } from "../../../lib/config/byte_text.ts";
import { systemClock } from "../../../lib/platform/clock.ts";
import { type Disk, systemDisk } from "../../../lib/platform/disk.ts";
import { Logger } from "../../../lib/platform/logger.ts";
import { SeededRandom } from "../../../lib/platform/random.ts";
import { Server } from "../../../lib/server/server.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { connect } from "../../kit/resp_client.ts";
import { freePort } from "../../kit/oracle.ts";

/** From the fsync of the snapshot to its place it is a few microtasks. */
const STEPS = 12;

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await undefined;
}

/** Calls `synced` when the fsync of a snapshot has ended, before anybody hears of that. */
function watchedDisk(synced: () => void): Disk {
  const disk = Object.create(systemDisk) as { -readonly [K in keyof Disk]: Disk[K] };
  disk.open = (path, mode) => {
    const file = systemDisk.open(path, mode);
    if (!path.endsWith(".rdb")) return file;
    const sync = file.syncInBackground.bind(file);
    file.syncInBackground = async () => {
      await sync();
      synced();
    };
    return file;
  };
  return disk;
}

Deno.test("what FLUSHALL has emptied stays empty, however near to its end a snapshot is", async () => {
  for (let step = 0; step < STEPS; step++) {
    const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
    const directory = toByteText(dir);
    const config = new Config({ directory });
    const port = freePort();
    const all = { bind: "127.0.0.1", port: String(port), dir: directory };
    for (const [name, value] of Object.entries(all)) {
      config.load(name, [toByteText(value)], { accumulate: false, directory });
    }
    config.load("save", ["3600", "1"], { accumulate: false, directory });
    const flushed = Promise.withResolvers<void>();
    const server: Server = new Server({
      config,
      disk: watchedDisk(async () => {
        await microtasks(step);
        for (const db of server.keyspace.databases()) db.clear();
        server.persistence.flushed();
        flushed.resolve();
      }),
      clock: systemClock,
      random: new SeededRandom(1),
      logger: new Logger(systemClock, () => {}),
      exit: () => {},
    });
    await server.start();
    try {
      await using client = await connect(port);
      await client.call("SET", "k", "what was flushed");
      await client.call("BGSAVE");
      await flushed.promise;
      while (/rdb_bgsave_in_progress:1/.test(await client.callRaw("INFO", "persistence")));
      assertEquals(await client.callRaw("SET", "after", "v"), "+OK\r\n", `after ${step} steps`);
      const dump = new TextDecoder("latin1").decode(await Deno.readFile(`${dir}/dump.rdb`));
      assert(!dump.includes("what was flushed"), `after ${step} steps`);
      const names = Array.from(Deno.readDirSync(dir), ({ name }) => name);
      assertEquals(names.filter((name) => name.startsWith("temp-")), [], `after ${step} steps`);
    } finally {
      await server.stop();
      await Deno.remove(dir, { recursive: true });
    }
  }
});
