/** Streams against naive ones: an array of entries, a map of what is pending. */

import { Buffer } from "node:buffer";
import { Args } from "../../lib/resp/args.ts";
import { InvalidStreamError, StreamBuilder } from "../../lib/types/stream/build.ts";
import { ConsumerGroup } from "../../lib/types/stream/group.ts";
import {
  afterElement,
  beforeElement,
  countElements,
  Element,
  writeInteger,
  writeText,
} from "../../lib/types/stream/listpack.ts";
import { NameTable } from "../../lib/types/stream/names.ts";
import { GroupPending } from "../../lib/types/stream/pending.ts";
import { radixTreeNodes } from "../../lib/types/stream/radix_tree.ts";
import { Stream } from "../../lib/types/stream/stream.ts";
import {
  compareIds,
  EXACT,
  ID_MAX,
  ID_MIN,
  idOf,
  idText,
  nextId,
  parseId,
  previousId,
  type StreamId,
} from "../../lib/types/stream/stream_id.ts";
import { addUint64, differenceInt64 } from "../../lib/types/stream/uint64.ts";
import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

const LIMITS = { bytes_max: 400, entries_max: 9 };

interface NaiveEntry {
  readonly id: StreamId;
  readonly words: readonly string[];
}

function append(stream: Stream, id: StreamId, words: readonly string[]): void {
  stream.append(id, Args.of(...words), 0, words.length / 2, LIMITS);
}

function entries(stream: Stream, start = ID_MIN, end = ID_MAX, backwards = false): NaiveEntry[] {
  const found: NaiveEntry[] = [];
  for (const reader = stream.read(start, end, backwards); reader.next();) {
    const words: string[] = [];
    const { entry } = reader;
    while (entry.nextPair()) {
      for (const { bytes, start, end } of [entry.field, entry.value]) {
        words.push(bytes.toString("latin1", start, end));
      }
    }
    found.push({ id: reader.id, words });
  }
  return found;
}

const VALUES = ["", "0", "127", "128", "-1", "-4097", "32768", "8388608", "-2147483649", "x"]
  .concat("9007199254740993", "-9223372036854775808", "01", "-0", "v".repeat(63), "w".repeat(64))
  .concat("u".repeat(200));

function words(chance: Seeded): string[] {
  const fields = chance.chance(0.7) ? ["a", "12"] : ["a", "b", "c"].slice(chance.below(3));
  return fields.flatMap((field) => [field, chance.pick(VALUES)]);
}

Deno.test("a stream does what an array of entries does", () => {
  const { seed, size } = flags(3000);
  const chance = new Seeded(seed);
  let stream = new Stream();
  let naive: NaiveEntry[] = [];
  let lastMs = 0;
  for (let step = 0; step < size; step++) {
    const some = () => ({ ms: chance.below(lastMs + 2), seq: chance.below(3) });
    switch (chance.below(12)) {
      case 0: {
        const ids = [some(), some(), some()];
        const kept = naive.filter(({ id }) => !ids.some((each) => compareIds(each, id) === 0));
        assertEquals(stream.delete(ids), naive.length - kept.length);
        naive = kept;
        break;
      }
      case 1: {
        const length = chance.below(60);
        const whole = chance.chance(0.5);
        const removed = stream.trimToLength(length, whole, 0);
        assert(whole ? naive.length - removed >= Math.min(length, naive.length) : true);
        if (!whole) assertEquals(removed, Math.max(naive.length - length, 0));
        naive = naive.slice(removed);
        break;
      }
      case 2: {
        const id = some();
        const whole = chance.chance(0.5);
        const removed = stream.trimBelow(id, whole, 0);
        const below = naive.filter((entry) => compareIds(entry.id, id) < 0).length;
        assert(whole ? removed <= below : removed === below);
        naive = naive.slice(removed);
        break;
      }
      case 3: {
        const [start, end] = [some(), some()];
        const wanted = naive.filter(({ id }) =>
          compareIds(id, start) >= 0 && compareIds(id, end) <= 0
        );
        assertEquals(entries(stream, start, end), wanted);
        assertEquals(entries(stream, start, end, true), wanted.reverse());
        break;
      }
      case 4:
        if (chance.chance(0.05)) stream = stream.clone();
        break;
      default: {
        lastMs += chance.below(2);
        const next = lastMs === stream.lastId.ms ? addUint64(stream.lastId.seq, 1) : 0;
        const entry = { id: { ms: lastMs, seq: next }, words: words(chance) };
        if (compareIds(entry.id, stream.lastId) <= 0) break;
        append(stream, entry.id, entry.words);
        naive.push(entry);
      }
    }
    assertEquals(stream.length, naive.length);
    assertEquals(stream.firstId, naive.at(0)?.id ?? ID_MIN);
    assertEquals(stream.lastEntryId, naive.at(-1)?.id ?? ID_MIN);
    if (step % 100 === 0) assertEquals(entries(stream), naive);
  }
  for (const { buf, length } of stream.chunks) {
    assert(countElements(buf, 6, length - 1) > 0);
    assert(length <= LIMITS.bytes_max + 400);
  }
});

Deno.test("what is pending is found by ID and by consumer, whatever comes and goes", () => {
  const { seed, size } = flags(20_000);
  const chance = new Seeded(seed);
  let group = new ConsumerGroup("g", ID_MIN, 0);
  const naive = new Map<string, { consumer: string; time: number; count: number }>();
  const names = ["a", "b", "c"];
  for (const name of names) group.createConsumer(name, 1);
  const key = (id: StreamId) => idText(id);
  const far = size / 10;
  for (let step = 0; step < size; step++) {
    const id = { ms: chance.below(far), seq: chance.below(2) };
    const consumer = group.consumers.get(chance.pick(names))!;
    const removes = step % 8000 > 5000;
    if (chance.chance(removes ? 0.2 : 0.7)) {
      group.deliver(id, consumer, step, step % 5);
      naive.set(key(id), { consumer: consumer.name, time: step, count: step % 5 });
    } else {
      assertEquals(group.acknowledge(id), naive.delete(key(id)));
    }
    if (chance.chance(0.0005)) {
      const size = group.removeConsumer(consumer);
      const gone = [...naive].filter(([, { consumer: name }]) => name === consumer.name);
      assertEquals(size, gone.length);
      for (const [id] of gone) naive.delete(id);
      group.createConsumer(consumer.name, step);
      group = group.clone();
    }
  }
  assertEquals(group.pending.size, naive.size);
  const ids = [...naive.keys()].map(idOf).sort(compareIds);
  const row = group.pending.from(ID_MIN);
  for (const id of ids) {
    assertEquals(row.id, id);
    const { consumer, time, count } = naive.get(key(id))!;
    assertEquals([group.owner(row).name, row.time_ms, row.deliveries], [consumer, time, count]);
    assert(group.consumers.get(consumer)!.pending.from(id).isAtId);
    row.next();
  }
  assert(!row.hasRow);
  const own = [...group.consumers].reduce((sum, { pending }) => sum + pending.size, 0);
  assertEquals(own, naive.size);
});

Deno.test("rows in pages need little more than their bytes", () => {
  const pending = new GroupPending();
  for (let ms = 1; ms <= 100_000; ms++) {
    const id = { ms, seq: 0 };
    pending.insertAt(pending.from(id), id);
  }
  assert(pending.usedBytes < 100_000 * 40, String(pending.usedBytes));
  for (let ms = 1; ms <= 100_000; ms++) if (ms % 50 !== 0) pending.remove({ ms, seq: 0 });
  assertEquals(pending.size, 2000);
  assert(pending.usedBytes < 2000 * 36 * 6, String(pending.usedBytes));
});

Deno.test("a name is found by its bytes, and no other that begins like it", () => {
  const table = new NameTable<string>();
  const names = ["", "a", "ab", "abc", "b", "\0", "\xff", "\x7f\x80"];
  for (const name of names) table.add(name, name);
  for (const name of [...names, "ac", "abcd", "\xfe", "\x7f"]) {
    const bytes = Buffer.from(`<${name}>`, "latin1");
    const found = table.find(bytes, 1, bytes.length - 1);
    assertEquals(found, names.includes(name) ? name : undefined);
  }
});

Deno.test("trimming an entry at a time finds the first one that is left", () => {
  const stream = new Stream();
  for (let i = 1; i <= 40; i++) {
    stream.append({ ms: i, seq: 0 }, Args.of("f", String(i)), 0, 1, LIMITS);
  }
  stream.delete([{ ms: 3, seq: 0 }, { ms: 4, seq: 0 }, { ms: 12, seq: 0 }]);
  const left = Array.from({ length: 40 }, (_, i) => i + 1).filter((i) => ![3, 4, 12].includes(i));
  while (left.length > 1) {
    assertEquals(stream.trimToLength(left.length - 1, false, 0), 1);
    left.shift();
    assertEquals(stream.firstId, { ms: left[0], seq: 0 });
    const reader = stream.read();
    assert(reader.next());
    assertEquals(reader.id, stream.firstId);
  }
});

Deno.test("the first entry is found behind a chunk all of whose entries are deleted", () => {
  const stream = new Stream();
  for (let i = 1; i <= 7; i++) {
    stream.append({ ms: i, seq: 0 }, Args.of("f", "v"), 0, 1, { bytes_max: 4096, entries_max: 3 });
  }
  stream.delete([{ ms: 3, seq: 0 }]);
  stream.trimBelow({ ms: 3, seq: 0 }, false, 0);
  assertEquals(stream.firstId, { ms: 4, seq: 0 });
  assertEquals(entries(stream).map(({ id }) => id.ms), [4, 5, 6, 7]);
});

Deno.test("IDs of 128 bits are counted on and back exactly", () => {
  const texts = ["0-0", "0-1", "1-18446744073709551615", "9007199254740991-9007199254740991"]
    .concat("9007199254740992-9007199254740993", "18446744073709551615-0", "5-9007199254740992");
  for (const text of texts) {
    const id = idOf(text);
    assertEquals(idText(id), text);
    assertEquals(idText(previousId(nextId(id)!)!), text);
    assert(compareIds(id, nextId(id)!) < 0);
  }
  assertEquals(nextId(ID_MAX), undefined);
  assertEquals(previousId(ID_MIN), undefined);
  assertEquals(idText(nextId(idOf("1-18446744073709551615"))!), "2-0");
  assertEquals(differenceInt64(0, idOf("18446744073709551615-0").ms), 1);
  assertEquals(addUint64(5, -6), 18446744073709551615n);
  for (const text of ["", "-", "+", "x", "1-2-3", "1 -1", "18446744073709551616"]) {
    assertEquals(parseId(Buffer.from(text), 0, text.length, EXACT), undefined, text);
  }
});

Deno.test("an element of a listpack is read as it was written, from both ends", () => {
  const buf = Buffer.alloc(100_000);
  const element = new Element();
  const integers = [0, 127, 128, 4095, 4096, -1, -4096, -4097, 32767, 32768, -32768, -32769]
    .concat(8388607, 8388608, -8388608, -8388609, 2147483647, 2147483648, -2147483648, -2147483649)
    .concat(Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER);
  const texts = ["", "x", "-", "007", "y".repeat(63), "y".repeat(64), "y".repeat(125)]
    .concat("z".repeat(4095), "z".repeat(4096), "z".repeat(16_380), "z".repeat(30_000));
  let at = 0;
  const ends: number[] = [];
  for (const value of [...integers, 2n ** 63n - 1n, -(2n ** 63n)]) {
    ends.push(at = writeInteger(buf, at, value));
  }
  for (const text of [...integers.map(String), ...texts]) {
    ends.push(at = writeText(buf, at, Buffer.from(text), 0, text.length));
  }
  assertEquals(countElements(buf, 0, at), ends.length);
  const wanted = [...integers, 2n ** 63n - 1n, -(2n ** 63n), ...integers, ...texts].map(String);
  let from = 0;
  for (const [i, text] of wanted.entries()) {
    assertEquals(element.read(buf, from), ends[i]);
    assertEquals(element.bytes.toString("latin1", element.start, element.end), text);
    assertEquals(beforeElement(buf, ends[i]), from);
    from = afterElement(buf, from);
    assertEquals(from, ends[i]);
  }
});

Deno.test("the nodes of a radix tree are counted as they would be made", () => {
  const count = (...ids: string[]) => radixTreeNodes(ids.map(idOf));
  assertEquals(count(), 1);
  assertEquals(count("1-1"), 2);
  assertEquals(count("1-1", "1-2"), 4); // a run, a branch, two ends
  assertEquals(count("1-1", "1-2", "1-3"), 5);
  assertEquals(count("1-0", "2-0"), 6); // a run, a branch, two runs, two ends
  assertEquals(count("0-1", "72057594037927936-1"), 5); // a branch at once
});

Deno.test("a stream built from its parts is the same stream", () => {
  const chance = new Seeded(7);
  const stream = new Stream();
  for (let ms = 1; ms <= 100; ms++) append(stream, { ms, seq: ms % 3 }, words(chance));
  stream.delete([idOf("5-2"), idOf("50-2"), idOf("100-1")]);
  const build = (change?: (bytes: Buffer) => void) => {
    const builder = new StreamBuilder();
    for (const chunk of stream.chunks) {
      const bytes = Buffer.from(chunk.buf.subarray(0, chunk.length));
      change?.(bytes);
      builder.addChunk(chunk, bytes);
    }
    builder.addGroup({
      name: "g",
      lastId: idOf("9-0"),
      entriesRead: 3,
      pending: [{ id: idOf("1-1"), time_ms: 5, deliveries: 2 }],
      consumers: [{ name: "c", seen_ms: 5, pending: [idOf("1-1")] }],
    });
    const { length, lastId, maxDeletedId, entriesAdded } = stream;
    return builder.finish({ length, lastId, maxDeletedId, entriesAdded });
  };
  const built = build();
  assertEquals(entries(built), entries(stream));
  assertEquals(built.firstId, stream.firstId);
  append(built, idOf("101-1"), ["a", "1"]);
  append(stream, idOf("101-1"), ["a", "1"]);
  assertEquals(built.chunks.map(({ length }) => length), stream.chunks.map(({ length }) => length));
});

Deno.test("bytes that are no chunk are refused, or make a chunk that can be read", () => {
  const { seed, size } = flags(4000);
  const chance = new Seeded(seed);
  const stream = new Stream();
  for (let ms = 1; ms <= 9; ms++) append(stream, { ms, seq: 0 }, words(chance));
  stream.delete([idOf("4-0")]);
  const [{ buf, length }] = stream.chunks;
  let refused = 0;
  for (let i = 0; i < size; i++) {
    const bytes = Buffer.from(buf.subarray(0, length));
    const changes = chance.between(1, 3);
    for (let n = 0; n < changes; n++) bytes[chance.below(length)] = chance.below(256);
    const builder = new StreamBuilder();
    try {
      builder.addChunk(idOf("1-0"), bytes);
      const built = builder.finish({
        length: 8,
        lastId: idOf("9-0"),
        maxDeletedId: ID_MIN,
        entriesAdded: 9,
      });
      assertEquals(entries(built).length, 8);
      assertEquals(entries(built, ID_MIN, ID_MAX, true).length, 8);
      built.trimToLength(2, false, 0);
      append(built, idOf("10-0"), ["a", "1"]);
    } catch (error) {
      if (!(error instanceof InvalidStreamError)) throw error;
      refused++;
    }
  }
  assert(refused > size / 4, `${refused} of ${size}`);
});

Deno.test("groups whose rows and consumers contradict each other are refused", () => {
  const row = { id: idOf("1-1"), time_ms: 1, deliveries: 1 };
  const consumer = (name: string, ...ids: string[]) => ({
    name,
    seen_ms: 1,
    pending: ids.map(idOf),
  });
  const cases = [
    { pending: [row], consumers: [] },
    { pending: [row], consumers: [consumer("c", "1-1", "1-2")] },
    { pending: [row], consumers: [consumer("c", "1-1"), consumer("d", "1-1")] },
    { pending: [row, row], consumers: [consumer("c", "1-1")] },
    { pending: [], consumers: [consumer("c"), consumer("c")] },
  ];
  for (const parts of cases) {
    const builder = new StreamBuilder();
    assertThrows(
      () => builder.addGroup({ name: "g", lastId: ID_MIN, entriesRead: 0, ...parts }),
      InvalidStreamError,
    );
  }
});
