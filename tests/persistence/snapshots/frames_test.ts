/** A base of commands in frames: the same commands between them, all of them verified. */

import type { Keyspace } from "../../../lib/keyspace/keyspace.ts";
import { CommandSnapshotEncoder } from "../../../lib/persistence/aof/snapshot.ts";
import { VerifiedSource } from "../../../lib/persistence/aof/verified_source.ts";
import type { SnapshotEncoder } from "../../../lib/persistence/snapshot_encoder.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { latin1, MemoryDisk } from "../memory_disk.ts";
import { encodeAll, fill, piecesOf, refOf, refsOf, withServer } from "./kit.ts";

const PATH = "/data/base";
/** More than a step, which is 64 KiB. */
const LONG = "a long value ".repeat(40_000);
const VALUES = [
  ["SET", "short", "v"],
  ["SET", "long", LONG],
  ["SET", "timed", LONG, "PXAT", "4000000000000"],
  ["RPUSH", "list", ...Array.from({ length: 5000 }, (_, i) => `element:${i}`), LONG, "x"],
  ["HSET", "hash", ...Array.from({ length: 5000 }, (_, i) => `field:${i}`), LONG, LONG],
  ["SELECT", "3"],
  ["SET", "other", LONG],
  ["SADD", "set", "1", "2"],
];

function framedEncoder(): CommandSnapshotEncoder {
  return new CommandSnapshotEncoder({ framedAt: () => 1_700_000_000 });
}

/** Gathers what can be taken, as it comes, and how long the longest piece was. */
class Gathered {
  text = "";
  largest_bytes = 0;

  take(encoder: SnapshotEncoder): void {
    while (encoder.pending_bytes > 0) {
      const bytes = encoder.take();
      this.largest_bytes = Math.max(this.largest_bytes, bytes.length);
      this.text += latin1(bytes);
    }
  }
}

function encode(keyspace: Keyspace, inPieces: boolean): Gathered {
  const encoder = framedEncoder();
  const gathered = new Gathered();
  encoder.begin();
  for (const db of keyspace.databases()) {
    for (const ref of refsOf(db)) {
      if (!inPieces) encoder.record(db, db.index, ref);
      else for (const _ of iterate(piecesOf(encoder, db, ref))) gathered.take(encoder);
    }
    gathered.take(encoder);
  }
  encoder.end();
  gathered.take(encoder);
  return gathered;
}

function* iterate(pieces: Iterator<void, void, void>) {
  while (!pieces.next().done) yield;
}

/** What the loader would be given, the end of the file, and how many commands the seals count. */
function verified(text: string) {
  const disk = new MemoryDisk();
  disk.put(PATH, text);
  const source = new VerifiedSource(disk.open(PATH, "read"));
  const buffer = new Uint8Array(1 << 20);
  let commands = "";
  for (let count = source.read(buffer); count > 0; count = source.read(buffer)) {
    commands += latin1(buffer.subarray(0, count));
  }
  const { framed, sealed, end } = source;
  return { commands, count: source.commands, end: { framed, sealed, kind: end.kind } };
}

Deno.test("frames change nothing of the commands, and every byte is verified", async () => {
  await withServer({}, async (client, keyspace) => {
    await fill(client, VALUES);
    for (const inPieces of [false, true]) {
      const plain = latin1(encodeAll(new CommandSnapshotEncoder(), keyspace, inPieces));
      const { commands, count, end } = verified(encode(keyspace, inPieces).text);
      assertEquals(commands, plain);
      assertEquals(end, { framed: true, sealed: true, kind: "whole" });
      assertEquals(count, plain.match(/\*\d+\r\n\$/g)!.length);
    }
  });
});

Deno.test("a long string takes little memory, and each batch ends with a command", async () => {
  await withServer({}, async (client, keyspace) => {
    await fill(client, VALUES.slice(0, 3));
    const { text, largest_bytes } = encode(keyspace, true);
    assert(largest_bytes < 192 * 1024, `${largest_bytes} bytes at once`);
    const heads = [...text.matchAll(/#B:(\d+)\r\n/g)];
    assert(heads.length >= 4);
    for (const { index, 0: head, 1: length } of heads) {
      const end = index + head.length + Number(length);
      assertEquals(text.slice(end, end + 3), "#S:", "where Redis would read a command");
    }
  });
});

Deno.test("what comes while a long string is under way follows in its own batch", async () => {
  await withServer({}, async (client, keyspace) => {
    await fill(client, VALUES);
    const db = keyspace.database(0);
    const [framed, plain] = [framedEncoder(), new CommandSnapshotEncoder()].map((encoder) => {
      const gathered = new Gathered();
      for (const key of ["long", "timed"]) {
        const pieces = piecesOf(encoder, db, refOf(db, key));
        pieces.next();
        encoder.record(db, 0, refOf(db, "short"));
        for (const _ of iterate(pieces)) gathered.take(encoder);
      }
      encoder.end();
      gathered.take(encoder);
      return gathered.text;
    });
    assertEquals(verified(framed).commands, plain);
  });
});

Deno.test("a snapshot of nothing is a sealed file", () => {
  const encoder = framedEncoder();
  encoder.begin();
  encoder.end();
  const gathered = new Gathered();
  gathered.take(encoder);
  assertEquals(gathered.text.startsWith("#B:0\r\n#S:0,0,1,1700000000,0,00000000,"), true);
  assertEquals(verified(gathered.text).end, { framed: true, sealed: true, kind: "whole" });
});
