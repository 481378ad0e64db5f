/**
 * An arena: memory for records outside V8's heap.
 *
 * Segments are cut into slots of one size class each. They are small in a small arena, so that ten
 * thousand collections cost little, and 1 MiB in a large one:
 *
 *     segment 1 (class 56):  | record | record |  free  | record | ... untouched ... |
 *                                                 `- word 0 is 0, word 1 the next free slot
 *
 * An **address** is an int32: the segment's number in the high 15 bits, the offset in units of
 * 8 bytes in the low 17; 0 is no address. That reaches 32 GiB. Each segment counts its live slots:
 * an empty segment is given back at once (a few are kept, for reuse by any class), and
 * {@linkcode Arena.evacuate} empties a sparse one by moving what lives in it.
 *
 * Contract with the owner: word 0 of a live record is never 0, which tells it from a free slot.
 */

import { Buffer } from "node:buffer";
import { copyBytes, withView } from "./bytes.ts";
import { RoomySegments } from "./roomy_segments.ts";

/** Size of the segments of a large arena in bytes. */
export const SEGMENT_BYTES_MAX = 1 << 20;
/** Size of the first ones. */
const SEGMENT_BYTES_MIN = 1 << 12;
/** A new segment is as large as one part in so many of what is reserved already. */
const GROWTH_PARTS = 8;
/** Records larger than this do not fit a slot. */
export const SLOT_BYTES_MAX = 1 << 16;

/** Bits of an address below the segment's number: the offset in units of 8 bytes. */
export const OFFSET_BITS = 17;
/** Mask of that offset. */
export const OFFSET_MASK: number = (1 << OFFSET_BITS) - 1;
const SEGMENTS_MAX = 1 << 15;
/** Empty segments kept for reuse: without them, SET and DEL of one key would map and unmap. */
const SPARE_SEGMENTS_MAX = 2;
/** Up to this size the classes are 8 bytes apart, above it sixteen to each doubling. */
const FINE_BYTES_MAX = 256;

/** The size class that holds `bytes`. */
function classOf(bytes: number): number {
  if (bytes <= FINE_BYTES_MAX) return (bytes + 7) >>> 3;
  const step = 27 - Math.clz32(bytes - 1); // log2 of a sixteenth of the power of two below
  return 32 + (step - 4) * 16 + (((bytes - 1) >>> step) - 16) + 1;
}

/** Slot size in bytes of a class: the inverse of {@linkcode classOf}. */
function bytesOf(sizeClass: number): number {
  if (sizeClass <= 32) return sizeClass * 8;
  const step = 4 + ((sizeClass - 33) >>> 4);
  return (((sizeClass - 33) & 15) + 17) << step;
}

const CLASS_COUNT = classOf(SLOT_BYTES_MAX) + 1;
const CLASS_BYTES = Int32Array.from({ length: CLASS_COUNT }, (_, c) => bytesOf(c));

/** The segments of one class. */
interface SizeClass {
  /** Those that have room. */
  readonly roomy: RoomySegments;
  /** Slots in all and live ones, for the choice of what to evacuate. */
  slots: number;
  live: number;
}

/** Segmented memory with size classes, exact accounting and compaction. */
export class Arena {
  /** The bytes of each segment, by its number; `bytes[address >>> 17][(address & 0x1ffff) << 3]`. */
  readonly bytes: Buffer[] = [Buffer.alloc(0)];
  /** The same memory as int32 words. */
  readonly words: Int32Array[] = [new Int32Array(0)];
  /** Sum of the sizes of all live slots, in bytes. */
  usedBytes = 0;
  /** Bytes held from the system: segments, whole, spare ones included. */
  reservedBytes = 0;

  /** Class of each segment; 0: spare or not in use. */
  readonly #classOfSegment: number[] = [0];
  readonly #liveSlots: number[] = [0];
  /** Offset unit + 1 of the first free slot of each segment; 0: none. */
  readonly #freeHead: number[] = [0];
  /** Offset in bytes where the untouched part of each segment begins. */
  readonly #untouched: number[] = [0];
  /** By number; those that were never needed are missing. */
  readonly #classes: (SizeClass | undefined)[] = [];
  readonly #spare: number[] = [];
  /** Numbers of dropped segments, to be given out again. */
  readonly #vacant: number[] = [];
  /** The segment that was evacuated last, and the unit to go on from. */
  #evacuated = 0;
  #evacuatedTo = 0;

  /** Takes a slot of at least `bytes` (1 .. SLOT_BYTES_MAX); its contents are undefined. */
  allocate(bytes: number): number {
    const sizeClass = classOf(bytes);
    const ofClass = this.#classes[sizeClass] ??= { roomy: new RoomySegments(), slots: 0, live: 0 };
    const { roomy } = ofClass;
    const segment = roomy.count > 0 ? roomy.last : this.#addSegment(sizeClass, ofClass);
    const slotBytes = CLASS_BYTES[sizeClass];
    let unit: number;
    const head = this.#freeHead[segment];
    if (head !== 0) {
      unit = head - 1;
      this.#freeHead[segment] = this.words[segment][unit * 2 + 1];
    } else {
      unit = this.#untouched[segment] >>> 3;
      this.#untouched[segment] += slotBytes;
    }
    this.#liveSlots[segment]++;
    ofClass.live++;
    this.usedBytes += slotBytes;
    if (!this.#hasRoom(segment, slotBytes)) roomy.removeLast();
    return (segment << OFFSET_BITS) | unit;
  }

  /** Gives a slot back. */
  free(address: number): void {
    const segment = address >>> OFFSET_BITS;
    const unit = address & OFFSET_MASK;
    const sizeClass = this.#classOfSegment[segment];
    const ofClass = this.#classes[sizeClass]!;
    const slotBytes = CLASS_BYTES[sizeClass];
    const words = this.words[segment];
    if (words[unit * 2] === 0) throw new Error(`arena: slot ${address} freed twice`);
    const hadRoom = this.#hasRoom(segment, slotBytes);
    words[unit * 2] = 0;
    words[unit * 2 + 1] = this.#freeHead[segment];
    this.#freeHead[segment] = unit + 1;
    this.#liveSlots[segment]--;
    ofClass.live--;
    this.usedBytes -= slotBytes;
    if (!hadRoom) ofClass.roomy.add(segment);
    if (this.#liveSlots[segment] === 0) this.#dropSegment(segment);
  }

  /** Bytes of what lives here and of the free slots between: what a copy moves. */
  get touchedBytes(): number {
    let sum = 0;
    for (let segment = 1; segment < this.bytes.length; segment++) {
      if (this.#classOfSegment[segment] !== 0) sum += this.#untouched[segment];
    }
    return sum;
  }

  /**
   * Makes an empty arena a copy of another: what lives there lives here, at the same addresses. The
   * spare segments are not copied.
   */
  copyFrom(other: Arena): void {
    if (this.bytes.length > 1) throw new Error("arena: a copy needs an empty one");
    for (let segment = 1; segment < other.bytes.length; segment++) {
      const isLive = other.#classOfSegment[segment] !== 0;
      const { buffer } = other.words[segment];
      this.#setMemory(segment, isLive ? copyOf(buffer, other.#untouched[segment]) : undefined);
      this.#classOfSegment.push(other.#classOfSegment[segment]);
      this.#liveSlots.push(other.#liveSlots[segment]);
      this.#freeHead.push(other.#freeHead[segment]);
      this.#untouched.push(other.#untouched[segment]);
      if (!isLive) this.#vacant.push(segment);
    }
    other.#classes.forEach((ofClass, sizeClass) => {
      if (ofClass === undefined) return;
      this.#classes[sizeClass] = { ...ofClass, roomy: ofClass.roomy.copy() };
    });
    this.usedBytes = other.usedBytes;
  }

  /** Bytes that the slot at `address` can hold. */
  slotBytes(address: number): number {
    return CLASS_BYTES[this.#classOfSegment[address >>> OFFSET_BITS]];
  }

  /** Whether a record of `bytes` would take a slot of the very size of the one at `address`. */
  fits(address: number, bytes: number): boolean {
    return bytes <= SLOT_BYTES_MAX &&
      classOf(bytes) === this.#classOfSegment[address >>> OFFSET_BITS];
  }

  /** Gives everything back at once. */
  clear(): void {
    for (let segment = 1; segment < this.bytes.length; segment++) {
      if (this.bytes[segment].length > 0) this.#release(segment);
    }
    this.bytes.length = this.words.length = 1;
    this.#classOfSegment.length = this.#liveSlots.length = 1;
    this.#freeHead.length = this.#untouched.length = 1;
    this.#spare.length = this.#vacant.length = 0;
    this.#classes.length = 0;
    this.usedBytes = 0;
  }

  /**
   * Gives back up to `count` segments of an arena that is not used any more, whatever lives there.
   * False: none was left.
   */
  dismantle(count: number): boolean {
    const { bytes } = this;
    if (bytes.length === 1) return false;
    for (; count > 0 && bytes.length > 1; count--) {
      const last = bytes.length - 1;
      if (bytes[last].length > 0) this.#release(last);
      bytes.length = this.words.length = last;
    }
    return true;
  }

  /** The emptiest segment whose records would fit into the free slots of its class; 0: none. */
  sparseSegment(): number {
    if (this.reservedBytes - this.usedBytes < SEGMENT_BYTES_MAX) return 0;
    for (let sizeClass = 1; sizeClass < this.#classes.length; sizeClass++) {
      const ofClass = this.#classes[sizeClass];
      if (ofClass === undefined) continue;
      const { slots, roomy } = ofClass;
      const free = slots - ofClass.live;
      // Half of the class is free, and more than a large segment: moving pays for itself.
      const worthwhile = free * CLASS_BYTES[sizeClass] > SEGMENT_BYTES_MAX && free * 2 >= slots;
      if (!worthwhile) continue;
      let emptiest = 0;
      for (let i = 0; i < roomy.count; i++) {
        const segment = roomy.at(i);
        if (emptiest === 0 || this.#liveSlots[segment] < this.#liveSlots[emptiest]) {
          emptiest = segment;
        }
      }
      return emptiest;
    }
    return 0;
  }

  /**
   * Moves up to `count_max` live records of `segment` to other segments of its class; `moved` is
   * told old and new address and must repair whoever holds the old one. When the last record has
   * gone the segment is given back. Returns how many were moved.
   */
  evacuate(
    segment: number,
    count_max: number,
    moved: (from: number, to: number) => void,
  ): number {
    const sizeClass = this.#classOfSegment[segment];
    const slotBytes = CLASS_BYTES[sizeClass];
    const { roomy } = this.#classes[sizeClass]!;
    roomy.postpone(segment); // so that nothing new lands in it
    const bytes = this.bytes[segment];
    const words = this.words[segment];
    const unitsPerSlot = slotBytes >>> 3;
    const end = this.#untouched[segment] >>> 3;
    // Goes on where the last call has stopped, and round.
    let next = segment === this.#evacuated ? this.#evacuatedTo : 0;
    let count = 0;
    for (let passed = 0; passed < end && count < count_max; passed += unitsPerSlot) {
      const unit = next;
      next = unit + unitsPerSlot < end ? unit + unitsPerSlot : 0;
      if (words[unit * 2] === 0) continue;
      if (roomy.count === 1 && roomy.last === segment) break; // nowhere else to go
      const from = (segment << OFFSET_BITS) | unit;
      const to = this.allocate(slotBytes);
      const target = (to & OFFSET_MASK) << 3;
      const start = unit << 3;
      copyBytes(bytes, start, start + slotBytes, this.bytes[to >>> OFFSET_BITS], target);
      moved(from, to);
      this.free(from);
      count++;
      if (this.#classOfSegment[segment] !== sizeClass) break; // that was the last one
    }
    this.#evacuated = segment;
    this.#evacuatedTo = next;
    return count;
  }

  #hasRoom(segment: number, slotBytes: number): boolean {
    return this.#freeHead[segment] !== 0 ||
      this.#untouched[segment] + slotBytes <= this.bytes[segment].length;
  }

  #addSegment(sizeClass: number, ofClass: SizeClass): number {
    const segment = this.#takeSpare(sizeClass) ?? this.#mapSegment(CLASS_BYTES[sizeClass]);
    if (segment === this.#evacuated) this.#evacuated = 0;
    this.#classOfSegment[segment] = sizeClass;
    this.#liveSlots[segment] = 0;
    this.#freeHead[segment] = 0;
    this.#untouched[segment] = 0;
    ofClass.roomy.add(segment);
    ofClass.slots += this.#slotsIn(segment, sizeClass);
    return segment;
  }

  #slotsIn(segment: number, sizeClass: number): number {
    return Math.floor(this.bytes[segment].length / CLASS_BYTES[sizeClass]);
  }

  #takeSpare(sizeClass: number): number | undefined {
    const last = this.#spare.at(-1);
    if (last === undefined || this.bytes[last].length < CLASS_BYTES[sizeClass]) return undefined;
    return this.#spare.pop();
  }

  #mapSegment(slotBytes: number): number {
    const wanted = Math.max(SEGMENT_BYTES_MIN, slotBytes, this.reservedBytes / GROWTH_PARTS);
    const size = Math.min(2 ** Math.ceil(Math.log2(wanted)), SEGMENT_BYTES_MAX);
    const segment = this.#vacant.pop() ?? this.bytes.length;
    if (segment >= SEGMENTS_MAX) throw new RangeError("arena: more than 32 GiB in one database");
    this.#setMemory(segment, new ArrayBuffer(size));
    return segment;
  }

  /** Gives a segment its memory; undefined: it is not in use. */
  #setMemory(segment: number, memory: ArrayBuffer | undefined): void {
    this.bytes[segment] = memory ? withView(Buffer.from(memory)) : this.bytes[0];
    this.words[segment] = memory ? new Int32Array(memory) : this.words[0];
    this.reservedBytes += this.bytes[segment].length;
  }

  #dropSegment(segment: number): void {
    const sizeClass = this.#classOfSegment[segment];
    const ofClass = this.#classes[sizeClass]!;
    ofClass.roomy.remove(segment);
    ofClass.slots -= this.#slotsIn(segment, sizeClass);
    this.#classOfSegment[segment] = 0;
    if (this.#spare.length < SPARE_SEGMENTS_MAX) {
      this.#spare.push(segment);
    } else {
      this.#release(segment);
      this.#vacant.push(segment);
    }
  }

  /** Returns a segment's memory now rather than at the next garbage collection. */
  #release(segment: number): void {
    this.reservedBytes -= this.bytes[segment].length;
    (this.bytes[segment].buffer as ArrayBuffer).transfer(0);
    this.bytes[segment] = this.bytes[0];
    this.words[segment] = this.words[0];
  }
}

/** A copy of a segment's memory, of which so many bytes at the beginning matter. */
function copyOf(memory: ArrayBufferLike, touched: number): ArrayBuffer {
  const { byteLength } = memory;
  if (byteLength <= SEGMENT_BYTES_MIN || touched * 2 > byteLength) {
    return (memory as ArrayBuffer).slice(0); // faster
  }
  const copy = new ArrayBuffer(byteLength);
  new Uint8Array(copy).set(new Uint8Array(memory, 0, touched));
  return copy;
}
