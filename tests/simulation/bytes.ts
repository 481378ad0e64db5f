/** Bytes that grow, for the files of the simulated disk. */

/** Growing bytes. What they were made from is shared until the first change. */
export class GrowingBytes {
  #buffer: Uint8Array;
  #length: number;
  /** Whether `#buffer` is somebody else's, too. */
  #shared: boolean;
  #view: Uint8Array | undefined;

  /** @param content what it begins as; nobody may change it afterwards. */
  constructor(content: Uint8Array = new Uint8Array(0)) {
    this.#buffer = content;
    this.#length = content.length;
    this.#shared = true;
    this.#view = content;
  }

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** Puts `bytes` at `offset`; what lies between the end and there becomes zeros. */
  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    this.#own(end);
    if (offset > this.#length) this.#buffer.fill(0, this.#length, offset);
    this.#buffer.set(bytes, offset);
    this.#length = Math.max(this.#length, end);
  }

  /** Cuts, or extends with zeros. */
  resize(length: number): void {
    this.#own(length);
    if (length > this.#length) this.#buffer.fill(0, this.#length, length);
    this.#length = length;
  }

  /** The content as it is now, for reading at once. */
  peek(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** The content as it is now, for keeping: later changes do not show in it. */
  snapshot(): Uint8Array {
    this.#view ??= this.#buffer.slice(0, this.#length);
    return this.#view;
  }

  #own(room: number): void {
    this.#view = undefined;
    if (!this.#shared && room <= this.#buffer.length) return;
    const wider = new Uint8Array(Math.max(room, this.#length, 2 * this.#buffer.length, 256));
    wider.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = wider;
    this.#shared = false;
  }
}
