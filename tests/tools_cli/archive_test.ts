/** `redeno aof restore --from`: the log out of its archive. */

import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import {
  ARCHIVE,
  archiveAll,
  archiveOf,
  newDisk,
  QuickClock,
  ToyLog,
} from "../persistence/archive/toy_log.ts";
import { tool } from "./kit.ts";

const INTO = "/data/new";

Deno.test("an archive is restored as it is, and to a second", async () => {
  const log = new ToyLog(newDisk(), new QuickClock());
  const disk = newDisk();
  for (let i = 0; i < 6; i++) {
    log.write();
    log.clock.now_s++;
  }
  log.sync();
  await archiveAll(archiveOf(log, disk).writer);
  const restore = async (...options: string[]) => {
    const argv = ["aof", "restore", "--from", ARCHIVE, "--into", INTO, ...options];
    const run = await tool(disk, argv);
    for (const name of disk.readDirectory(`${INTO}/appendonlydir`)) {
      disk.remove(`${INTO}/appendonlydir/${name}`);
    }
    return run;
  };
  const all = await restore();
  assertEquals(all.code, 0, all.text);
  assertStringIncludes(all.text, "Restored 1 files");
  assertStringIncludes(all.text, "the last batch of 2023-11-14T22:13:25Z");
  const some = await restore("--to-time", "2023-11-14T22:13:22Z");
  assertEquals(some.code, 0, some.text);
  assertStringIncludes(some.text, "the last batch of 2023-11-14T22:13:22Z");
  assertEquals((await restore("--to-offset", "1")).code, 3);
  assertEquals((await restore("/data/appendonlydir")).code, 3);
});
