/**
 * Rows in the order of their IDs: what a consumer group has delivered and nobody has acknowledged.
 *
 * Rows stand in pages, typed arrays of at most 256 rows; a page array with binary search finds them.
 * Nothing per row is a JS object.
 *
 *     ms, high | low | seq, high | low |                                       a consumer's row
 *     ms, high | low | seq, high | low | time (2) | deliveries (2) | consumer  a group's row
 *
 * Most rows are added behind the last and most are taken from the front, which touches one page.
 * A copy shares its pages with what it was made of; who changes one of them makes it its own first.
 */

import type { StreamId } from "./stream_id.ts";
import { fromWords, highWord, lowWord, type Uint64 } from "./uint64.ts";

const ID_WORDS = 4;
const TIME_AT = 4;
const DELIVERIES_AT = 6;
const CONSUMER_AT = 8;
const PENDING_WORDS = 9;
/** Rows of a full page: inserting moves 5 KiB on average in the worst case. */
const PAGE_ROWS_MAX = 256;
const PAGE_ROWS_MIN = 4;
/** What the objects of a page take besides its words. */
const PAGE_OVERHEAD_BYTES = 200;

interface Page {
  words: Uint32Array;
  count: number;
  /** Others have it, too: it must not change. */
  isShared: boolean;
}

/** A page, to be changed. */
function ownPage(pages: Page[], index: number): Page {
  const page = pages[index];
  if (!page.isShared) return page;
  return pages[index] = { words: page.words.slice(), count: page.count, isShared: false };
}

/** The ID looked for, as words. */
const wanted = new Uint32Array(ID_WORDS);

function setWanted(id: StreamId): void {
  wanted[0] = highWord(id.ms);
  wanted[1] = lowWord(id.ms);
  wanted[2] = highWord(id.seq);
  wanted[3] = lowWord(id.seq);
}

/** Negative, zero or positive as the row at word `at` is before, at or behind the ID looked for. */
function compareRow(words: Uint32Array, at: number): number {
  for (let i = 0; i < ID_WORDS; i++) {
    if (words[at + i] !== wanted[i]) return words[at + i] < wanted[i] ? -1 : 1;
  }
  return 0;
}

/** A set of IDs in order, each with `stride - 4` words beside it. */
export class IdRows {
  /** How many there are. */
  size = 0;
  readonly #stride: number;
  readonly #pages: Page[] = [];

  /** @param stride words of a row: 4, the ID alone, at least. */
  constructor(stride: number = ID_WORDS) {
    this.#stride = stride;
  }

  /** Bytes of memory that the rows take. */
  get usedBytes(): number {
    let words = 0;
    for (const page of this.#pages) words += page.words.length;
    return 4 * words + PAGE_OVERHEAD_BYTES * this.#pages.length;
  }

  /** A cursor at the first row whose ID is not below `id`. */
  from(id: StreamId): RowCursor {
    const cursor = new RowCursor(this.#pages, this.#stride);
    cursor.isAtId = this.#seek(cursor, id);
    return cursor;
  }

  /** A cursor at the last row, of which there must be one. */
  last(): RowCursor {
    const cursor = new RowCursor(this.#pages, this.#stride);
    cursor.page = this.#pages.length - 1;
    cursor.row = this.#pages[cursor.page].count - 1;
    return cursor;
  }

  /** Adds a row where `cursor`, which came from this very ID and is not at it, says. */
  insertAt(cursor: RowCursor, id: StreamId): void {
    if (cursor.isAtId) throw new Error("pending: a row is added twice");
    const { words, base } = this.#makeRoom(cursor);
    words[base] = highWord(id.ms);
    words[base + 1] = lowWord(id.ms);
    words[base + 2] = highWord(id.seq);
    words[base + 3] = lowWord(id.seq);
    cursor.isAtId = true;
    this.size++;
  }

  /** Adds an ID, if it is not there. */
  add(id: StreamId): void {
    const cursor = this.from(id);
    if (!cursor.isAtId) this.insertAt(cursor, id);
  }

  /** Takes out the row that the cursor is at, which then is at the next one. */
  removeAt(cursor: RowCursor): void {
    const page = ownPage(this.#pages, cursor.page);
    const stride = this.#stride;
    page.words.copyWithin(cursor.row * stride, (cursor.row + 1) * stride, page.count * stride);
    page.count--;
    this.size--;
    cursor.isAtId = false;
    if (page.count === 0) {
      this.#pages.splice(cursor.page, 1);
      cursor.row = 0;
    } else {
      this.#mergeSparse(cursor);
      if (cursor.row === this.#pages[cursor.page].count) {
        cursor.page++;
        cursor.row = 0;
      }
    }
  }

  /** Takes out an ID; returns whether it was there. */
  remove(id: StreamId): boolean {
    const cursor = this.from(id);
    if (!cursor.isAtId) return false;
    this.removeAt(cursor);
    return true;
  }

  /** Fills `copy`, which is empty, with the same rows: 256 of them cost no more than one. */
  protected copyTo(copy: IdRows): void {
    for (const page of this.#pages) {
      page.isShared = true;
      copy.#pages.push(page);
    }
    copy.size = this.size;
  }

  #seek(cursor: RowCursor, id: StreamId): boolean {
    setWanted(id);
    const stride = this.#stride;
    // The last page whose first row is not behind the ID.
    let low = 0;
    let high = this.#pages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareRow(this.#pages[middle].words, 0) <= 0) low = middle + 1;
      else high = middle;
    }
    cursor.page = Math.max(low - 1, 0);
    cursor.row = 0;
    if (this.#pages.length === 0) return false;
    const { words, count } = this.#pages[cursor.page];
    low = 0;
    high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareRow(words, middle * stride) < 0) low = middle + 1;
      else high = middle;
    }
    cursor.row = low;
    const found = low < count && compareRow(words, low * stride) === 0;
    if (low === count && cursor.page + 1 < this.#pages.length) {
      cursor.page++;
      cursor.row = 0;
    }
    return found;
  }

  /** Opens a gap for a row at the cursor; the cursor is at it then. */
  #makeRoom(cursor: RowCursor): { words: Uint32Array; base: number } {
    const stride = this.#stride;
    if (cursor.row === 0 && cursor.page > 0) { // behind the page before is as good
      cursor.page--;
      cursor.row = this.#pages[cursor.page].count;
    }
    if (cursor.page === this.#pages.length) {
      this.#pages.push({
        words: new Uint32Array(PAGE_ROWS_MIN * stride),
        count: 0,
        isShared: false,
      });
    }
    let page = ownPage(this.#pages, cursor.page);
    if (page.count === PAGE_ROWS_MAX) page = this.#split(cursor, page);
    if ((page.count + 1) * stride > page.words.length) {
      const rows = Math.min(2 * page.count, PAGE_ROWS_MAX);
      const wider = new Uint32Array(rows * stride);
      wider.set(page.words);
      page.words = wider;
    }
    const base = cursor.row * stride;
    page.words.copyWithin(base + stride, base, page.count * stride);
    page.words.fill(0, base, base + stride);
    page.count++;
    return { words: page.words, base };
  }

  /** Splits a full page: in the middle, or behind its end where rows are added in order. */
  #split(cursor: RowCursor, page: Page): Page {
    const stride = this.#stride;
    const isEnd = cursor.page === this.#pages.length - 1 && cursor.row === page.count;
    const keep = isEnd ? page.count : page.count >> 1;
    const words = new Uint32Array((isEnd ? PAGE_ROWS_MIN : PAGE_ROWS_MAX) * stride);
    words.set(page.words.subarray(keep * stride, page.count * stride));
    const next = { words, count: page.count - keep, isShared: false };
    page.count = keep;
    this.#pages.splice(cursor.page + 1, 0, next);
    if (cursor.row < keep) return page;
    cursor.page++;
    cursor.row -= keep;
    return next;
  }

  /** A page that has become sparse is made one with a sparse neighbour; the cursor follows. */
  #mergeSparse(cursor: RowCursor): void {
    const before = this.#pages[cursor.page - 1];
    if (before !== undefined) {
      const { count } = before;
      if (this.#mergeNext(cursor.page - 1)) {
        cursor.page--;
        cursor.row += count;
      }
    }
    this.#mergeNext(cursor.page);
  }

  /** Makes one of a page and the next one, if both are sparse; returns whether it did. */
  #mergeNext(index: number): boolean {
    const next = this.#pages[index + 1];
    if (next === undefined) return false;
    if (this.#pages[index].count + next.count > PAGE_ROWS_MAX / 4) return false;
    const page = ownPage(this.#pages, index);
    const stride = this.#stride;
    const words = new Uint32Array((page.count + next.count) * stride);
    words.set(page.words.subarray(0, page.count * stride));
    words.set(next.words.subarray(0, next.count * stride), page.count * stride);
    page.words = words;
    page.count += next.count;
    this.#pages.splice(index + 1, 1);
    return true;
  }
}

/** A place in {@linkcode IdRows}; valid until rows are added or removed in another way. */
export class RowCursor {
  /** Whether the row is that of the ID looked for. */
  isAtId = false;
  page = 0;
  row = 0;
  readonly #pages: Page[];
  readonly #stride: number;

  /** Made by {@linkcode IdRows}. */
  constructor(pages: Page[], stride: number) {
    this.#pages = pages;
    this.#stride = stride;
  }

  /** Whether there is a row here: false behind the last. */
  get hasRow(): boolean {
    return this.page < this.#pages.length && this.row < this.#pages[this.page].count;
  }

  /** Steps to the next row. */
  next(): void {
    this.isAtId = false;
    if (++this.row < this.#pages[this.page].count) return;
    this.page++;
    this.row = 0;
  }

  /** The ID of the row. */
  get id(): StreamId {
    const { words } = this.#pages[this.page];
    const at = this.row * this.#stride;
    return {
      ms: fromWords(words[at], words[at + 1]),
      seq: fromWords(words[at + 2], words[at + 3]),
    };
  }

  /** Time of the last delivery, in ms since the epoch. */
  get time_ms(): number {
    return Number(this.#pair(TIME_AT));
  }
  set time_ms(value: number) {
    this.#setPair(TIME_AT, value);
  }

  /** How often it was delivered. */
  get deliveries(): Uint64 {
    return this.#pair(DELIVERIES_AT);
  }
  set deliveries(value: Uint64) {
    this.#setPair(DELIVERIES_AT, value);
  }

  /** The handle of the consumer who has it. */
  get consumer(): number {
    return this.#pages[this.page].words[this.row * this.#stride + CONSUMER_AT];
  }
  set consumer(handle: number) {
    ownPage(this.#pages, this.page).words[this.row * this.#stride + CONSUMER_AT] = handle;
  }

  #pair(at: number): Uint64 {
    const { words } = this.#pages[this.page];
    const base = this.row * this.#stride + at;
    return fromWords(words[base], words[base + 1]);
  }

  #setPair(at: number, value: Uint64): void {
    const { words } = ownPage(this.#pages, this.page);
    const base = this.row * this.#stride + at;
    words[base] = highWord(value);
    words[base + 1] = lowWord(value);
  }
}

/** The IDs that one consumer has. */
export class ConsumerPending extends IdRows {
  /** A copy that shares nothing with this one. */
  clone(): ConsumerPending {
    const copy = new ConsumerPending();
    this.copyTo(copy);
    return copy;
  }
}

/** What a group has delivered: IDs with time, count and consumer. */
export class GroupPending extends IdRows {
  /** An empty one. */
  constructor() {
    super(PENDING_WORDS);
  }

  /** A copy that shares nothing with this one. */
  clone(): GroupPending {
    const copy = new GroupPending();
    this.copyTo(copy);
    return copy;
  }
}
