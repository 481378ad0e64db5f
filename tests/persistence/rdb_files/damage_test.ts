/**
 * Damaged files: whatever is cut off or changed is told with file, offset and what to do - or, where
 * no checksum is compared, gives data like any other. Never a hang, never an unforeseen error.
 */

import { Buffer } from "node:buffer";
import { datasetDigest } from "../../../lib/keyspace/digest.ts";
import { StorageError } from "../../../lib/persistence/errors.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { flags, Seeded } from "../../kit/flags.ts";
import { join, text } from "../rdb/dump_kit.ts";
import { VALUES } from "../rdb/values.ts";
import { BytesFile, check, load, PATH, rdbFile, refusal } from "./kit.ts";

/** A small file with everything in it. */
const FILE = rdbFile(
  12,
  join("fa", text("redis-ver"), text("7.4.0")),
  "fe 00 fb 0a 02",
  join("f5", text("#!lua name=lib")),
  ...Object.entries(VALUES).map(([name, body]) =>
    join("fc 00407a10f35a0000", body.subarray(0, 1), text(name), body.subarray(1))
  ),
  join("fe 01 fd 00943577 f9 07 00", text("packed"), "c3 07 10 02 616263 e0 04 02"),
  join("f8 0a 00", text("integer"), "c1 3930"),
);

function checkError(error: StorageError, size: number, where: string): void {
  assert(error.kind === "damaged" || error.kind === "unsupported", `${where}: ${error.message}`);
  assertEquals(error.path, PATH);
  assert(error.offset !== undefined && error.offset <= size, `${where}: ${error.message}`);
  assert(error.message.includes("The file was not changed. "), `${where}: ${error.message}`);
}

Deno.test("a file that ends anywhere but at its end is refused", async () => {
  const whole = await load(FILE, { window_bytes: 64 });
  assertEquals(whole.keys, Object.keys(VALUES).length + 2);
  for (let length = 0; length < FILE.length; length++) {
    const cut = FILE.subarray(0, length);
    for (const verify of [true, false]) {
      const error = await refusal(cut, { verify, window_bytes: length % 2 === 0 ? 64 : 4096 });
      checkError(error, length, `cut at ${length}`);
      assertEquals(error.kind, "damaged");
    }
  }
});

Deno.test("a file that becomes shorter while it is read is refused", async () => {
  for (const size of [0, 8, 100, FILE.length - 1]) {
    const file = new BytesFile(FILE.subarray(0, size));
    file.size = () => FILE.length;
    assertEquals((await refusal(file, { window_bytes: 64 })).kind, "damaged");
  }
});

Deno.test("a changed byte is told by the checksum, if not before", async () => {
  const { seed } = flags(1);
  const chance = new Seeded(seed);
  const { digest } = await load(FILE);
  for (let at = 0; at < FILE.length; at++) {
    for (const change of [1 << chance.below(8), chance.between(1, 255)]) {
      const changed = Buffer.from(FILE);
      changed[at] ^= change;
      const where = `byte ${at} ^ ${change}`;
      if (/^REDIS000[1-4]/.test(changed.toString("latin1"))) { // such have no checksum
        assertEquals((await load(changed)).digest, digest, where);
      } else {
        checkError(await refusal(changed, { dropExpired: change > 127 }), FILE.length, where);
      }
    }
  }
});

Deno.test("changes without a checksum are refused or give data like any other", async () => {
  const { seed, size } = flags(1500);
  const chance = new Seeded(seed);
  let taken = 0;
  for (let i = 0; i < size; i++) {
    const changed = Buffer.from(FILE);
    for (let count = chance.between(1, 3); count > 0; count--) {
      const at = chance.between(9, FILE.length - 10);
      if (chance.chance(0.7)) changed[at] ^= 1 << chance.below(8);
      else changed.fill(chance.pick([0, 0x7f, 0x81, 0xc3, 0xff]), at, at + chance.between(1, 8));
    }
    const where = `seed ${seed}, change ${i}`;
    try {
      const { keyspace } = await load(changed, { verify: false, window_bytes: 64 });
      keyspace.loading = false;
      datasetDigest(keyspace);
      for (const db of keyspace.databases()) assert(db.measureBytes() >= 0);
      taken++;
    } catch (error) {
      if (!(error instanceof StorageError)) throw new Error(where, { cause: error });
      checkError(error, FILE.length, where);
    }
  }
  assert(taken > size / 50 && taken < size, `${taken} of ${size} were taken`);
});

Deno.test("a check finds what loading finds", async () => {
  const { seed, size } = flags(300);
  const chance = new Seeded(seed);
  assertEquals((await check(FILE)).checksum, "correct");
  for (let i = 0; i < size; i++) {
    const changed = Buffer.from(FILE);
    changed[chance.below(FILE.length)] ^= 1 << chance.below(8);
    const error = await refusal(changed);
    const found = await check(changed).then(() => undefined, (reason: unknown) => reason);
    assert(found instanceof StorageError);
    // Only loading knows that a key comes twice, or how many databases there are.
    if (!/duplicated|databases/.test(error.message)) assertEquals(found.message, error.message);
  }
});
