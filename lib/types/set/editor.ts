/**
 * Changing sets, and making new ones.
 *
 * An editor takes a set out of its record into scratch memory (a large one stays where it is),
 * changes it there, from one encoding to the next where it must, and puts it back:
 *
 *     editor.open(db, ref, integers_max);
 *     if (editor.add(buf, start, end)) ref = editor.save(db, ref, args, 1);
 *
 *     integers --(a member that is no integer, or too many)--> packed --(too many, too long)--> table
 *
 * Promise: the way is never taken back, so that OBJECT ENCODING answers what Redis answers.
 */

import { newBytes } from "../../memory/bytes.ts";
import { type Database, NONE, type Ref } from "../../keyspace/database.ts";
import { OBJECT, SET_INTEGERS, SET_PACKED } from "../../keyspace/value.ts";
import type { HashSeed } from "../../memory/hash.ts";
import { packedCount, PackedEditor, PackedReader } from "../../memory/packed.ts";
import { parseInt64 } from "../../numbers/int64.ts";
import type { Random } from "../../platform/random.ts";
import type { Args } from "../../resp/args.ts";
import { IntegersEditor } from "./integers.ts";
import { MemberIndex, PACKED_MEMBERS_MAX } from "./member_index.ts";
import { SetTable, setTableAt } from "./set_table.ts";
import { type MemberVisitor, SetView } from "./view.ts";

export { PACKED_MEMBERS_MAX };
/** Longest member of a packed set, in bytes. */
export const PACKED_MEMBER_BYTES_MAX = 64;

/** After so many additions to a packed set, and from so many members on, an index of them pays. */
const SEEKS_MAX = 3;
const INDEXED_MEMBERS_MIN = 8;
const NOTHING = newBytes(0);

/** See above. It can be opened again and again; of sets being edited there is one at a time. */
export class SetEditor {
  #encoding = SET_INTEGERS;
  readonly #integers = new IntegersEditor();
  readonly #packed = new PackedEditor();
  #packedCount = 0;
  #index: MemberIndex | undefined;
  /** The index knows the packed members as they are. */
  #isIndexed = false;
  /** Additions to the packed members since they were taken up, or one was taken out. */
  #seeks = 0;
  #table: SetTable | undefined;
  /** The table belongs to the record already. */
  #tableIsStored = false;
  #integersMax = 0;
  /** So many members there will be at least: a table begins with room for them. */
  #sizeMin = 0;
  #seed: HashSeed | undefined;

  readonly #addMember: MemberVisitor = (bytes, start, end) => void this.add(bytes, start, end);
  readonly #removeMember: MemberVisitor = (bytes, start, end) => {
    this.remove(bytes, start, end);
  };

  /** How many members there are. */
  get size(): number {
    if (this.#encoding === OBJECT) return this.#table!.size;
    return this.#encoding === SET_PACKED ? this.#packedCount : this.#integers.count;
  }

  /**
   * Begins with the set at `ref`, or with an empty one if that is NONE.
   *
   * @param integers_max most members of a set of integers (`set-max-intset-entries`).
   */
  open(db: Database, ref: Ref, integers_max: number): void {
    this.begin(db.keyspace.seed, integers_max);
    if (ref === NONE) return;
    const encoding = this.#encoding = db.encoding(ref);
    if (encoding === OBJECT) {
      this.#table = setTableAt(db, ref);
      this.#tableIsStored = true;
      return;
    }
    const { bytes, valueStart, valueEnd } = db.locate(ref);
    if (encoding === SET_INTEGERS) {
      this.#integers.load(bytes, valueStart, valueEnd);
    } else {
      this.#packed.load(bytes, valueStart, valueEnd);
      this.#packedCount = packedCount(bytes, valueStart, valueEnd);
    }
  }

  /** Begins with an empty set. @param seed of the hash, if it becomes a table. */
  begin(seed: HashSeed, integers_max: number): void {
    this.#encoding = SET_INTEGERS;
    this.#integers.clear();
    this.#table = undefined;
    this.#tableIsStored = false;
    this.#integersMax = integers_max;
    this.#sizeMin = 0;
    this.#seed = seed;
    this.#dropIndex();
  }

  /** Begins with an empty set, and gives memory back that a large one took. */
  reset(): void {
    this.#encoding = SET_INTEGERS;
    this.#integers.clear();
    this.#table = undefined;
  }

  /** So many members will be added to this set, which is empty, all of them different. */
  expect(size: number): void {
    this.#sizeMin = size;
  }

  /** Adds every member of another set. */
  addAll(set: SetView): void {
    this.#sizeMin = Math.max(this.#sizeMin, set.size);
    if (this.size > 0 || !this.#takeOver(set)) set.forEach(this.#addMember);
  }

  /** Takes every member of another set out. */
  removeAll(set: SetView): void {
    set.forEach(this.#removeMember);
  }

  /** Adds the member `buf[start .. end)`; false: it was there. */
  add(buf: Uint8Array, start: number, end: number): boolean {
    if (this.#encoding === OBJECT) return this.#table!.add(buf, start, end);
    if (this.#encoding === SET_PACKED) return this.#addPacked(buf, start, end);
    const value = parseInt64(buf, start, end);
    if (value === undefined) {
      this.#leaveIntegers(end - start);
      return this.add(buf, start, end);
    }
    if (!this.#integers.add(value)) return false;
    if (this.#integers.count > this.#integersMax) this.#leaveIntegers(0);
    return true;
  }

  /** Adds the member `buf[start .. end)`, which is not there yet. */
  push(buf: Uint8Array, start: number, end: number): void {
    if (this.#encoding === OBJECT) this.#table!.push(buf, start, end);
    else if (this.#encoding === SET_PACKED) this.#pushPacked(buf, start, end);
    else this.add(buf, start, end);
  }

  /** Takes the member `buf[start .. end)` out; false: it was not there. */
  remove(buf: Uint8Array, start: number, end: number): boolean {
    if (this.#encoding === OBJECT) return this.#table!.remove(buf, start, end);
    if (this.#encoding === SET_INTEGERS) {
      const value = parseInt64(buf, start, end);
      return value !== undefined && this.#integers.remove(value);
    }
    const run = this.#reader();
    if (!run.seek(buf, start, end, 1)) return false;
    this.#dropIndex();
    this.#packed.remove(run.at, run.end);
    this.#packedCount--;
    return true;
  }

  /** Takes out `count` members, each choice equally likely, having shown them. */
  take(count: number, random: Random, visit: MemberVisitor): void {
    if (this.#encoding === OBJECT) {
      for (let i = 0; i < count; i++) takeFromTable(this.#table!, random, visit);
      return;
    }
    const chosen = new PackedEditor();
    const choose: MemberVisitor = (bytes, start, end) => {
      visit(bytes, start, end);
      chosen.push(bytes, start, end);
    };
    if (count === 1) this.view().random(random, choose);
    else this.view().sample(count, random, choose);
    const run = new PackedReader(chosen.bytes, 0, chosen.length);
    while (run.next()) this.remove(run.bytes, run.start, run.end);
  }

  /** The set as it is now: valid until its next change. */
  view(): SetView {
    if (this.#encoding === OBJECT) return new SetView(OBJECT, NOTHING, 0, 0, this.#table);
    const { bytes, length } = this.#scratch();
    return new SetView(this.#encoding, bytes, 0, length, undefined, this.size);
  }

  /**
   * Puts the set back into the record it came from, which is argument `i`; a new one becomes a new
   * record. An empty set's record is removed. The caller reports the change.
   */
  save(db: Database, ref: Ref, args: Args, i: number): void {
    if (this.#encoding === OBJECT && this.#tableIsStored && this.size > 0) return;
    if (this.size === 0) {
      if (ref !== NONE) db.remove(ref);
    } else if (this.#encoding === OBJECT) {
      this.#storeTable(db, ref, args, i, true);
    } else if (ref === NONE) {
      this.#storeScratch(db, ref, args, i);
    } else {
      const { bytes, length } = this.#scratch();
      db.setValue(ref, this.#encoding, bytes, 0, length);
    }
  }

  /**
   * Stores a set that has members, made from nothing, under argument `i` in the place of whatever
   * was there, expiry included; `ref` is what the last lookup of that key returned.
   */
  store(db: Database, ref: Ref, args: Args, i: number): void {
    if (this.size === 0) throw new Error("a set without members cannot be stored");
    if (this.#encoding === OBJECT) this.#storeTable(db, ref, args, i, false);
    else this.#storeScratch(db, ref, args, i);
  }

  #storeTable(db: Database, ref: Ref, args: Args, i: number, keepExpiry: boolean): void {
    db.storeObject(ref, args, i, this.#table!, keepExpiry);
    this.#tableIsStored = true;
  }

  #storeScratch(db: Database, ref: Ref, args: Args, i: number): void {
    const { bytes, length } = this.#scratch();
    db.store(ref, args, i, this.#encoding, bytes, 0, length);
  }

  #scratch(): IntegersEditor | PackedEditor {
    return this.#encoding === SET_PACKED ? this.#packed : this.#integers;
  }

  #reader(): PackedReader {
    return new PackedReader(this.#packed.bytes, 0, this.#packed.length);
  }

  #addPacked(buf: Uint8Array, start: number, end: number): boolean {
    if (this.#hasPacked(buf, start, end)) return false;
    this.#pushPacked(buf, start, end);
    return true;
  }

  #pushPacked(buf: Uint8Array, start: number, end: number): void {
    if (this.#packedCount >= PACKED_MEMBERS_MAX || end - start > PACKED_MEMBER_BYTES_MAX) {
      this.#becomeTable();
      return this.#table!.push(buf, start, end);
    }
    const packed = this.#packed;
    packed.push(buf, start, end);
    this.#packedCount++;
    if (this.#isIndexed) {
      this.#index!.add(packed.bytes, packed.length - (end - start), packed.length);
    }
  }

  #hasPacked(buf: Uint8Array, start: number, end: number): boolean {
    const { bytes, length } = this.#packed;
    if (this.#isIndexed) return this.#index!.has(bytes, buf, start, end);
    if (this.#seeks++ < SEEKS_MAX || this.#packedCount < INDEXED_MEMBERS_MIN) {
      return this.#reader().seek(buf, start, end, 1);
    }
    const index = this.#index ??= new MemberIndex();
    index.load(bytes, 0, length);
    this.#isIndexed = true;
    return index.has(bytes, buf, start, end);
  }

  #dropIndex(): void {
    this.#isIndexed = false;
    this.#seeks = 0;
  }

  /** Begins with a copy of a set as it is; false: adding its members would make another form. */
  #takeOver(set: SetView): boolean {
    const { encoding, bytes, from, to, size, table } = set;
    if (encoding === SET_INTEGERS || !set.hasText) return false;
    if (table === undefined) {
      this.#packed.load(bytes, from, to);
      this.#packedCount = size;
    } else if (size > PACKED_MEMBERS_MAX) {
      this.#table = table.clone();
    } else {
      return false;
    }
    this.#encoding = encoding;
    return true;
  }

  /** From integers to what holds any member, one of `length` bytes as well. */
  #leaveIntegers(length: number): void {
    const view = this.view();
    const size = Math.max(view.size, this.#sizeMin);
    if (size > PACKED_MEMBERS_MAX || length > PACKED_MEMBER_BYTES_MAX) return this.#becomeTable();
    this.#packed.clear();
    view.forEach((bytes, start, end) => this.#packed.push(bytes, start, end));
    this.#packedCount = view.size;
    this.#encoding = SET_PACKED;
  }

  #becomeTable(): void {
    const table = new SetTable(this.#seed!);
    if (this.#sizeMin > 0) table.table.reserve(this.#sizeMin, 0);
    this.view().forEach((bytes, start, end) => table.add(bytes, start, end));
    this.#table = table;
    this.#encoding = OBJECT;
  }
}

function takeFromTable(set: SetTable, random: Random, visit: MemberVisitor): void {
  const { table } = set;
  const ref = table.random(random);
  table.locate(ref);
  visit(table.bytes, table.keyStart, table.valueStart);
  set.removeAt(ref);
}
