/**
 * Cuts a list into the nodes of a quicklist, as Redis fills them when elements are added at the end.
 *
 *     <length: nodes> ( <length: 2, packed> <string: listpack> ) ...
 */

import { ListpackWriter, singleFrame } from "./listpack_writer.ts";
import { writeLongString } from "./long_string.ts";
import type { RdbWriter } from "./writer.ts";

const NODE_PACKED = 2;
/** Largest node, in bytes, for `list-max-listpack-size` of -1, -2 ... */
const NODE_BYTES_MAX = [4096, 8192, 16384, 32768, 65536];
/** Largest node where the directive counts elements. */
const SAFE_BYTES_MAX = 8192;
/** What Redis reserves for an element beyond its own bytes. */
const OVERHEAD_BYTES = 8;

/** Writes the elements of a list one after another. */
export class ListNodesWriter {
  readonly #nodes: RdbWriter;
  readonly #limit: number;
  readonly #node: ListpackWriter;
  /** How many nodes are finished. */
  count = 0;

  /**
   * @param nodes gets the nodes. @param limit `list-max-listpack-size`. @param node an empty one, in
   * which each of them is made.
   */
  constructor(nodes: RdbWriter, limit: number, node: ListpackWriter = new ListpackWriter()) {
    this.#nodes = nodes;
    this.#limit = limit;
    this.#node = node;
  }

  /** Adds an element. */
  push(buf: Uint8Array, start: number, end: number): void {
    if (this.#node.count > 0 && !this.#hasRoom(end - start)) this.finish();
    this.#node.push(buf, start, end);
  }

  /** Ends the node that is open. */
  finish(): void {
    if (this.#node.count === 0) return;
    writeNode(this.#nodes, this.#node);
    this.#node.clear();
    this.count++;
  }

  #hasRoom(size: number): boolean {
    const bytes = this.#node.size + size + OVERHEAD_BYTES;
    if (this.#limit >= 0) return bytes <= SAFE_BYTES_MAX && this.#node.count < this.#limit;
    return bytes <= (NODE_BYTES_MAX[-this.#limit - 1] ?? NODE_BYTES_MAX[NODE_BYTES_MAX.length - 1]);
  }
}

/** Writes one node of the elements that `node` has got; it is ended by this. */
export function writeNode(writer: RdbWriter, node: ListpackWriter): void {
  node.finish();
  writer.size(NODE_PACKED);
  writer.string(node.bytes, 0, node.length);
}

/** Writes a node of one element, `bytes[start .. end)`, which is a long text; bit by bit. */
export function* writeSingleNode(
  writer: RdbWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
): Generator<void, void, void> {
  const { head, tail } = singleFrame(end - start);
  writer.size(NODE_PACKED);
  yield* writeLongString(writer, [
    { bytes: head, start: 0, end: head.length },
    { bytes, start, end },
    { bytes: tail, start: 0, end: tail.length },
  ]);
}
