/** What is missing in an archive is a gap, and what is removed from it is not missed. */

import { runBehind } from "../../../lib/persistence/archive/catalog.ts";
import { DirectorySink } from "../../../lib/persistence/archive/directory_sink.ts";
import { backgroundDisk } from "../../../lib/platform/background_disk.ts";
import { assertEquals, assertRejects } from "../../kit/assert.ts";
import { latin1Bytes, MemoryDisk } from "../memory_disk.ts";

const BASE = { name: "b", seq: 2, size_bytes: 9, first_incr: 3, time_s: 0 };

Deno.test("behind a base nothing is replayed that may not be the next", () => {
  for (
    const [incrs, expected] of [
      [[[2, 1], [3, 1], [4, 1], [5, null]], [3, 4, 5]],
      [[[3, 1], [4, null], [5, 1]], [3, 4]],
      [[[3, 1], [5, 1], [6, null]], [3]], // 4 was never archived
      [[[4, 1], [5, null]], []], // 3 was not
      [[], []],
    ] as const
  ) {
    const catalog = {
      prefix: "a",
      began_s: 0,
      time_s: 0,
      bases: [BASE],
      incrs: incrs.map(([seq, size_bytes]) => ({ name: `i${seq}`, seq, size_bytes })),
    };
    assertEquals(runBehind(catalog, BASE).map(({ seq }) => seq), [...expected]);
  }
});

Deno.test("no object goes before what takes its place is safe, even if a put has failed", async () => {
  const disk = new MemoryDisk();
  disk.makeDirectory("/data/archive");
  disk.syncDirectory("/data");
  const sink = new DirectorySink(backgroundDisk(disk), "/data/archive");
  await sink.put("h1.c1.00000001", latin1Bytes("one"));
  disk.fault = ({ operation }) => operation === "syncdir" ? { code: "EIO" } : undefined;
  await assertRejects(() => sink.put("h1.c2.00000002", latin1Bytes("two")));
  await assertRejects(() => sink.remove("h1.c1.00000001"));
  disk.fault = () => undefined;
  await sink.remove("h1.c1.00000001");
  disk.crash("power");
  assertEquals(disk.content("/data/archive/h1.c2.00000002"), "two");
});
