/**
 * Snapshots of a few large values while they are changed, moved and removed all the time: what was
 * written is what there was at the moment, and nothing is left of it in the values afterwards.
 */

import type { Keyspace } from "../../../lib/keyspace/keyspace.ts";
import { KeyspaceSnapshot } from "../../../lib/keyspace/snapshot.ts";
import { CommandSnapshotEncoder } from "../../../lib/persistence/aof/snapshot.ts";
import type { SnapshotEncoder } from "../../../lib/persistence/snapshot_encoder.ts";
import { encodeValue } from "../../../lib/types/rdb/encode.ts";
import { RdbWriter } from "../../../lib/types/rdb/writer.ts";
import { makeRoom } from "../../keyspace/room.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { flags, Seeded } from "../../kit/flags.ts";
import type { RespClient } from "../../kit/resp_client.ts";
import { LIMITS, loadFile, rdbEncoder, refsOf, Taken, withServer } from "./kit.ts";
import { change, type Draw, makeAll } from "./live_changes.ts";
import { digestsOf, SetClock } from "./live_kit.ts";

const { seed, size } = flags(3);
/** Values larger than this are kept; so are most of those here. */
const LARGE_BYTES = 1000;

interface Live extends Draw {
  readonly client: RespClient;
  readonly keyspace: Keyspace;
  readonly clock: SetClock;
}

async function withLive(seed: number, act: (live: Live) => Promise<void>): Promise<void> {
  const clock = new SetClock(1_700_000_000_000);
  const chance = new Seeded(seed);
  await withServer({ databases: "2" }, async (client, keyspace) => {
    const live = { client, keyspace, clock, chance, now_ms: clock.now_ms };
    await client.pipeline(makeAll(live));
    await act(live);
  }, clock);
}

async function changeSome({ client, clock, ...draw }: Live, batches: number): Promise<void> {
  for (let i = 0; i < batches; i++) {
    const commands = Array.from({ length: draw.chance.below(6) }, () => change(draw)).flat();
    await client.pipelineRaw(commands);
    if (draw.chance.chance(0.05)) clock.pass(draw.chance.below(40), draw.chance.chance(0.5));
  }
}

/** What streams there are, groups and all: digests leave those out. */
function streamsOf(keyspace: Keyspace): Record<string, string> {
  const found: Record<string, string> = {};
  for (const db of keyspace.databases()) {
    for (const ref of refsOf(db)) {
      if (db.type(ref) !== "stream") continue;
      const key = `${db.index} ${db.keyOf(ref)}`;
      const writer = new RdbWriter(false);
      encodeValue(writer, db, ref, LIMITS);
      found[key] = writer.buf.toString("latin1", 0, writer.length);
    }
  }
  return found;
}

/** Takes a snapshot in tiny slices, with changes between them. Returns the file. */
async function take(live: Live, encoder: SnapshotEncoder): Promise<Uint8Array> {
  const taken = new Taken(encoder);
  const snapshot = new KeyspaceSnapshot(live.keyspace, encoder, LARGE_BYTES);
  while (!snapshot.step()) {
    taken.take();
    if (live.chance.chance(0.5)) await changeSome(live, 1);
  }
  assertEquals(snapshot.missedKey, undefined);
  assertEquals(snapshot.records, snapshot.total);
  assert(!snapshot.isPressed);
  return taken.end();
}

/** A snapshot that is given up somewhere, after which nothing may be kept any more. */
async function giveUp(live: Live): Promise<void> {
  const encoder = new CommandSnapshotEncoder();
  encoder.begin();
  const snapshot = new KeyspaceSnapshot(live.keyspace, encoder, LARGE_BYTES);
  for (let steps = live.chance.below(200); steps > 0 && !snapshot.step(); steps--) {
    if (live.chance.chance(0.3)) await changeSome(live, 1);
  }
  if (live.keyspace.preserver === undefined) return;
  snapshot.abandon();
  while (!snapshot.step()) if (live.chance.chance(0.3)) await changeSome(live, 1);
}

/** Sends commands; none may be answered with an error. */
async function replay(client: RespClient, commands: Uint8Array): Promise<void> {
  const sent = client.sendRaw(commands).then(() => client.send("ECHO", "done"));
  for (let reply = ""; reply !== "$4\r\ndone\r\n";) {
    reply = await client.readRaw();
    assert(!reply.startsWith("-"), reply);
  }
  await sent;
}

for (let round = 0; round < size; round++) {
  Deno.test(`an RDB file holds large values as they were, whatever becomes of them (seed ${seed + round})`, async () => {
    await withLive(seed + round, async (live) => {
      for (let i = 0; i < 4; i++) {
        await changeSome(live, 10);
        if (live.chance.chance(0.5)) await giveUp(live);
        const { keyspace } = live;
        const { now_ms } = keyspace;
        const [expected, streams] = [digestsOf(keyspace), streamsOf(keyspace)];
        const bytes = await take(live, rdbEncoder(keyspace, { hasFieldExpiry: true }));
        const { keyspace: loaded } = makeRoom(seed, 2);
        loaded.now_ms = now_ms;
        await loadFile(bytes, loaded);
        assertEquals(streamsOf(loaded), streams);
        assertEquals(digestsOf(loaded), expected, `snapshot ${i}`);
      }
    });
  });

  Deno.test(`commands make large values as they were, whatever becomes of them (seed ${seed + round})`, async () => {
    await withLive(seed + round + 1000, async (live) => {
      for (let i = 0; i < 4; i++) {
        await changeSome(live, 10);
        if (live.chance.chance(0.5)) await giveUp(live);
        const { keyspace } = live;
        const { now_ms } = keyspace;
        const expected = digestsOf(keyspace);
        const bytes = await take(live, new CommandSnapshotEncoder());
        const past = new SetClock(0); // what has expired is in the file, as nothing has while it is loaded
        await withServer({ databases: "2" }, async (client, loaded) => {
          await replay(client, bytes);
          loaded.now_ms = now_ms;
          assertEquals(digestsOf(loaded), expected, `snapshot ${i}`);
        }, past);
      }
    });
  });
}
