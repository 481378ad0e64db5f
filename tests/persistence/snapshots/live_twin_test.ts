/**
 * Two servers are told the same; of one of them snapshots are taken all the time, some of which are
 * given up. Promise: nobody who asks the two can tell which one it is, and nothing stays behind in the
 * values.
 */

import type { Keyspace } from "../../../lib/keyspace/keyspace.ts";
import { keepRecord } from "../../../lib/keyspace/kept_record.ts";
import { KeyspaceSnapshot } from "../../../lib/keyspace/snapshot.ts";
import { KeptBytes } from "../../../lib/memory/kept_bytes.ts";
import { CommandSnapshotEncoder } from "../../../lib/persistence/aof/snapshot.ts";
import type { SnapshotEncoder } from "../../../lib/persistence/snapshot_encoder.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { flags, Seeded } from "../../kit/flags.ts";
import type { Command } from "../../kit/resp_client.ts";
import { rdbEncoder, refsOf, withServer } from "./kit.ts";
import { change, type Draw, makeAll } from "./live_changes.ts";
import { digestsOf, SetClock } from "./live_kit.ts";

const { seed, size } = flags(1);
const ROUNDS = 60;
/** Values larger than this are kept; so are most of those here. */
const LARGE_BYTES = 1000;
/** What depends on where elements happen to stand, which differs. */
const BY_CHANCE = new Set(["SPOP", "SORT"]);

/** Snapshots one after another, a few steps at a time. */
class Snapshots {
  #snapshot: KeyspaceSnapshot | undefined;
  #encoder: SnapshotEncoder | undefined;
  constructor(readonly keyspace: Keyspace, readonly chance: Seeded) {}

  step(): void {
    for (let steps = this.chance.below(12); steps > 0; steps--) {
      this.#snapshot ??= this.#begin();
      if (this.chance.chance(0.003)) this.#snapshot.abandon();
      if (!this.#snapshot.step()) continue;
      assertEquals(this.#snapshot.missedKey, undefined);
      this.#snapshot = undefined;
    }
    this.#encoder?.take();
  }

  finish(): void {
    while (this.#snapshot !== undefined) this.step();
  }

  #begin(): KeyspaceSnapshot {
    const { keyspace, chance } = this;
    this.#encoder = chance.chance(0.5)
      ? new CommandSnapshotEncoder()
      : rdbEncoder(keyspace, { hasFieldExpiry: true });
    this.#encoder.begin();
    return new KeyspaceSnapshot(keyspace, this.#encoder, LARGE_BYTES);
  }
}

/** No record is old, and each value can be kept anew. */
function assertNothingIsKept(keyspace: Keyspace): void {
  assertEquals(keyspace.preserver, undefined);
  for (const db of keyspace.databases()) {
    for (const ref of refsOf(db)) {
      assert(!db.table.isOld(ref));
      const bytes = new KeptBytes();
      const kept = keepRecord(db, db.index, ref, bytes, -Infinity); // throws if it is kept already
      while (kept !== undefined && !kept.value.drain());
      assertEquals(bytes.bytes, 0);
    }
  }
}

for (let round = 0; round < size; round++) {
  Deno.test(`snapshots change no reply and no value (seed ${seed + round})`, async () => {
    const clock = new SetClock(1_700_000_000_000);
    const draw: Draw = { chance: new Seeded(seed + round), now_ms: clock.now_ms };
    await withServer({ databases: "2" }, async (plain, plainKeyspace) => {
      await withServer({ databases: "2" }, async (client, keyspace) => {
        const snapshots = new Snapshots(keyspace, new Seeded(seed + round));
        const tellBoth = async (commands: readonly Command[]) => {
          const expected = await plain.pipelineRaw(commands);
          const replies = await client.pipelineRaw(commands);
          commands.forEach((command, i) => {
            assertEquals(replies[i], expected[i], command.slice(0, 5).join(" ").slice(0, 200));
          });
        };
        await tellBoth(makeAll(draw));
        for (let i = 1; i <= ROUNDS; i++) {
          for (let turns = 10; turns > 0; turns--) {
            snapshots.step();
            const commands = Array.from({ length: 1 + draw.chance.below(5) }, () => change(draw));
            await tellBoth(commands.flat().filter(([name]) => !BY_CHANCE.has(String(name))));
            if (draw.chance.chance(0.05)) clock.pass(draw.chance.below(40), false);
          }
          if (i % 10 === 0) {
            snapshots.finish();
            assertNothingIsKept(keyspace);
          }
          if (i % 3 === 0) assertEquals(digestsOf(keyspace), digestsOf(plainKeyspace));
        }
      }, clock);
    }, clock);
  });
}
