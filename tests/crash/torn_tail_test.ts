/**
 * A log that ends anywhere: the whole server starts with every whole unit before that place, goes
 * on writing there, and finds all of it once more.
 *
 * REDENO_SIZE is how many offsets are tried, evenly spread; those around the ends of units are
 * always tried.
 */

import { assert, assertEquals } from "../kit/assert.ts";
import { flags } from "../kit/flags.ts";
import { startRedeno } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { digest, INCR, layDown, open, type SmallLog, writeSmallLog } from "./log_kit.ts";

const OFFSETS = 60;

Deno.test({
  name: "a log cut at any byte starts with its whole units, and is appended to after them",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const log = await writeSmallLog();
    const step = Math.ceil(log.bytes.length / flags(OFFSETS).size);
    const ends = new Set(log.states.map(({ end_bytes }) => end_bytes));
    for (let cut = 0; cut <= log.bytes.length; cut++) {
      const isNearEnd = ends.has(cut) || ends.has(cut + 1) || ends.has(cut - 1);
      if (isNearEnd || cut % step === 0) await cutAt(log, cut);
    }
  },
});

async function cutAt(log: SmallLog, cut: number): Promise<void> {
  const dir = await layDown(log.manifest, log.bytes.subarray(0, cut));
  try {
    let before: string;
    {
      await using place = await open(dir);
      const whole = log.states.findLast(({ end_bytes }) => end_bytes <= cut)!;
      assertEquals(await digest(place.client), whole.digest, `cut at ${cut}`);
      await place.client.call("SET", "appended", String(cut));
      before = await digest(place.client);
    }
    await using place = await open(dir);
    assertEquals(await digest(place.client), before, `cut at ${cut}, second restart`);
    const reply = await place.client.call("GET", "appended");
    assertEquals(reply, { type: "bulk", value: String(cut) }, `cut at ${cut}`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("the log says how much of a torn tail was cut, and where", async () => {
  const log = await writeSmallLog();
  const dir = await layDown(log.manifest, log.bytes.subarray(0, log.bytes.length - 3));
  try {
    const end_bytes = log.states.at(-2)!.end_bytes;
    await using server = await startRedeno(["--appendonly", "yes"], { dir });
    const cut = `truncated at offset ${end_bytes}, ${log.bytes.length - 3 - end_bytes} bytes`;
    assert(server.log().includes(cut), server.log());
    assertEquals((await Deno.stat(`${dir}/${INCR}`)).size, end_bytes);
    await using client = await connect(server.port);
    assertEquals(await client.call("EXISTS", "last"), { type: "int", value: 0 });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
