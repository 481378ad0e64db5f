/** Lists against a plain array, through all sizes from one element to many chunks. */

import { Buffer } from "node:buffer";
import { type Database, NONE } from "../../lib/keyspace/database.ts";
import { OBJECT } from "../../lib/keyspace/value.ts";
import { Args } from "../../lib/resp/args.ts";
import { ListBuilder } from "../../lib/types/list/build.ts";
import { releaseSome } from "../../lib/types/list/chunk.ts";
import { ListCursor } from "../../lib/types/list/cursor.ts";
import type { ListDeque } from "../../lib/types/list/deque.ts";
import { entryBytes } from "../../lib/types/list/entry.ts";
import {
  dropFromList,
  insertIntoList,
  listLength,
  pushList,
  removeFromList,
  replaceInList,
} from "../../lib/types/list/list.ts";
import { listAt } from "../../lib/types/list/view.ts";
import { makeRoom } from "../keyspace/room.ts";
import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

const KEY = Args.of("list");

/** A list in a database of its own, changed through the functions that commands use. */
class Subject {
  readonly db: Database;
  readonly #limit: number;

  constructor(seed: number, limit: number) {
    this.db = makeRoom(seed, 1).keyspace.database(0);
    this.#limit = limit;
  }

  get ref(): number {
    return this.db.peek(KEY, 0);
  }

  push(left: boolean, text: string): void {
    const bytes = Buffer.from(text, "latin1");
    pushList(this.db, this.ref, KEY, 0, left, bytes, 0, bytes.length, this.#limit);
  }

  drop(left: boolean, count: number): void {
    if (count === listLength(this.db, this.ref)) this.db.remove(this.ref);
    else if (count > 0) dropFromList(this.db, this.ref, left, count);
  }

  insert(index: number, before: boolean, text: string): void {
    const bytes = Buffer.from(text, "latin1");
    const at = this.at(index);
    insertIntoList(this.db, this.ref, KEY, 0, at, before, bytes, 0, bytes.length, this.#limit);
  }

  replace(index: number, text: string): void {
    const bytes = Buffer.from(text, "latin1");
    const at = this.at(index);
    replaceInList(this.db, this.ref, KEY, 0, at, bytes, 0, bytes.length, this.#limit);
  }

  remove(text: string, count_max: number, fromEnd: boolean): number {
    if (this.ref === NONE) return 0;
    const bytes = Buffer.from(text, "latin1");
    return removeFromList(this.db, this.ref, bytes, 0, bytes.length, count_max, fromEnd);
  }

  at(index: number): ListCursor {
    const cursor = new ListCursor().open(this.db, this.ref);
    cursor.seek(index);
    assert(cursor.next());
    return cursor;
  }

  get texts(): string[] {
    return this.ref === NONE ? [] : textsOf(this.db, this.ref);
  }

  get deque(): ListDeque | undefined {
    const { ref } = this;
    if (ref === NONE || this.db.encoding(ref) !== OBJECT) return undefined;
    return this.db.object(ref) as ListDeque;
  }
}

function textsOf(db: Database, ref: number): string[] {
  const texts: string[] = [];
  listAt(db, ref).forEach((buf, start, end) => {
    texts.push(Buffer.from(buf.subarray(start, end)).toString("latin1"));
  });
  return texts;
}

function backwards(db: Database, ref: number): string[] {
  const texts: string[] = [];
  const cursor = new ListCursor().open(db, ref);
  cursor.seekEnd();
  while (cursor.previous()) {
    texts.push(cursor.bytes.toString("latin1", cursor.start, cursor.end));
  }
  return texts;
}

function text(chance: Seeded): string {
  const kind = chance.below(100);
  if (kind < 60) return String(chance.below(20));
  if (kind < 90) return "e".repeat(chance.below(60));
  if (kind < 99) return "m".repeat(chance.between(100, 300));
  return "L".repeat(chance.between(4000, 20_000));
}

/** Removes matches from a plain array as LREM does. */
function removeFromModel(
  model: string[],
  wanted: string,
  count_max: number,
  fromEnd: boolean,
): string[] {
  const order = fromEnd ? model.toReversed() : model;
  let left = count_max;
  const kept = order.filter((each) => each !== wanted || left-- <= 0);
  return fromEnd ? kept.reverse() : kept;
}

function checkWhole(subject: Subject, model: readonly string[]): void {
  assertEquals(subject.texts, model);
  const { ref, deque } = subject;
  assertEquals(ref === NONE, model.length === 0);
  if (ref === NONE) return;
  assertEquals(backwards(subject.db, ref), model.toReversed());
  assertEquals(listLength(subject.db, ref), model.length);
  if (deque === undefined) return;
  let held = 0;
  for (const chunk of deque.chunks) {
    assert(chunk.count > 0 && chunk.head >= chunk.base && chunk.tail <= chunk.limit);
    held += chunk.size;
  }
  const spare = deque.usedBytes - held;
  assert(spare >= 0 && spare <= 1 << 16, `usedBytes ${deque.usedBytes}, in chunks ${held}`);
}

function step(chance: Seeded, subject: Subject, model: string[], growing: boolean): string[] {
  const kind = chance.below(20);
  if (kind < (growing ? 12 : 5) || model.length === 0) {
    const left = chance.chance(0.5);
    for (let count = chance.between(1, 8); count > 0; count--) {
      const each = text(chance);
      subject.push(left, each);
      if (left) model.unshift(each);
      else model.push(each);
    }
    return model;
  }
  const index = chance.below(model.length);
  const at = subject.at(index);
  assertEquals(at.bytes.toString("latin1", at.start, at.end), model[index]);
  if (kind < 15) {
    const left = chance.chance(0.5);
    const most = growing ? 3 : Math.min(model.length, 40);
    const count = Math.min(chance.between(0, most), model.length);
    subject.drop(left, count);
    return left ? model.slice(count) : model.slice(0, model.length - count);
  }
  if (kind < 17) {
    const [each, before] = [text(chance), chance.chance(0.5)];
    subject.insert(index, before, each);
    model.splice(before ? index : index + 1, 0, each);
    return model;
  }
  if (kind < 19) {
    const each = text(chance);
    subject.replace(index, each);
    model[index] = each;
    return model;
  }
  const fromEnd = chance.chance(0.5);
  const count_max = chance.pick([1, 2, 5, Infinity]);
  const wanted = growing || chance.chance(0.5) ? model[index] : text(chance);
  const kept = removeFromModel(model, wanted, count_max, fromEnd);
  assertEquals(subject.remove(wanted, count_max, fromEnd), model.length - kept.length);
  return kept;
}

Deno.test("a list changed at random holds what a plain array holds", () => {
  const { seed, size } = flags(3000);
  for (const limit of [-2, -1, -5, 3, 0, 1000, -9]) {
    const chance = new Seeded(seed + limit);
    const subject = new Subject(seed, limit);
    let model: string[] = [];
    let chunks_max = 0;
    for (let i = 0; i < size; i++) {
      const growing = i % 1000 < 700;
      model = step(chance, subject, model, growing);
      chunks_max = Math.max(chunks_max, subject.deque?.chunks.length ?? 0);
      if (i % 50 === 0 || model.length < 5) checkWhole(subject, model);
    }
    checkWhole(subject, model);
    assert(chunks_max >= 3, `with limit ${limit} there were ${chunks_max} chunks at most`);
  }
});

Deno.test("a queue in either direction keeps no more chunks than it needs", () => {
  for (const left of [true, false]) {
    const subject = new Subject(1, -2);
    const model: string[] = [];
    for (let i = 0; i < 20_000; i++) {
      subject.push(left, `job ${i}`);
      model.push(`job ${i}`);
      if (model.length > 3000) {
        subject.drop(!left, 1);
        model.shift();
      }
    }
    assertEquals(subject.texts, left ? model.toReversed() : model);
    const needed = model.reduce((sum, each) => sum + entryBytes(each.length), 0);
    assert(subject.deque!.usedBytes < needed + 3 * 8192, `${subject.deque!.usedBytes} bytes`);
  }
});

Deno.test("a short list that is turned round again and again stays in its chunk", () => {
  const subject = new Subject(1, -2);
  const elements = Array.from({ length: 40 }, (_, i) => `${i}`.repeat(60));
  for (const each of elements) subject.push(false, each);
  for (let i = 0; i < 5000; i++) {
    subject.push(false, elements[i % 40]);
    subject.drop(true, 1);
  }
  assertEquals(subject.texts, elements);
  assert(subject.deque!.usedBytes <= 3 * 8192, `${subject.deque!.usedBytes} bytes`);
});

Deno.test("taking out most elements joins the chunks that are left", () => {
  const subject = new Subject(1, -2);
  for (let i = 0; i < 100_000; i++) subject.push(false, i % 1000 === 0 ? "kept" : "gone");
  const before = subject.deque!.chunks.length;
  assertEquals(subject.remove("gone", Infinity, false), 99_900);
  assertEquals(subject.texts, Array.from({ length: 100 }, () => "kept"));
  assert(subject.deque!.chunks.length * 10 < before, `${subject.deque!.chunks.length} chunks`);
});

Deno.test("a copy of a long list shares nothing with it", () => {
  const subject = new Subject(1, -2);
  for (let i = 0; i < 5000; i++) subject.push(false, `element ${i}`);
  const copy = subject.deque!.clone();
  const wanted = subject.texts;
  subject.replace(0, "another");
  subject.drop(false, 2000);
  const other = makeRoom(2, 1).keyspace.database(0);
  const ref = other.storeObject(other.peek(KEY, 0), KEY, 0, copy);
  assertEquals(textsOf(other, ref), wanted);
});

Deno.test("a list built at once is the list that was pushed one by one", () => {
  const chance = new Seeded(5);
  for (const count of [1, 2, 100, 3000]) {
    const texts = Array.from({ length: count }, () => text(chance));
    const builder = new ListBuilder(-2);
    for (const each of texts) {
      const bytes = Buffer.from(each, "latin1");
      builder.push(bytes, 0, bytes.length);
    }
    assertEquals(builder.length, count);
    const db = makeRoom(3, 1).keyspace.database(0);
    const ref = builder.store(db, db.peek(KEY, 0), KEY, 0);
    assertEquals(textsOf(db, ref), texts);
    assertEquals(listAt(db, ref).size, count);
  }
  const db = makeRoom(3, 1).keyspace.database(0);
  assertThrows(() => new ListBuilder(-2).store(db, NONE, KEY, 0));
});

Deno.test("the memory of a long list that goes is given back bit by bit", () => {
  while (releaseSome(1000) > 0); // what other tests have left
  const subject = new Subject(1, -2);
  for (let i = 0; i < 300_000; i++) subject.push(false, `element ${i}`);
  const { deque, db } = subject;
  const chunks = deque!.chunks.length;
  db.remove(subject.ref);
  assertEquals(deque!.usedBytes, 0);
  let released = 0;
  for (let count = releaseSome(64); count > 0; count = releaseSome(64)) {
    assert(count <= 64);
    released += count;
  }
  assertEquals(released, chunks);
});
