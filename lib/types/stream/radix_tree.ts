/**
 * How many nodes the radix tree would have in which Redis keeps the chunks of a stream: XINFO STREAM
 * tells of it. Here chunks stand in an array; the tree follows from their IDs alone.
 *
 * Keys are IDs as 16 bytes, big-endian. A node either branches, or holds a run of bytes that does
 * not, or is the end of a key.
 */

import type { StreamId } from "./stream_id.ts";
import { highWord, lowWord } from "./uint64.ts";

const KEY_BYTES = 16;

/** Nodes of the tree of these keys, which are in order. */
export function radixTreeNodes(ids: readonly StreamId[]): number {
  if (ids.length === 0) return 1;
  // Branches on the way to the last key, by the depth of the byte they part at.
  const open: number[] = [];
  let nodes = 0;
  /** A node at `depth` whose parent branches at `parent` (-1: it is the root). */
  const close = (depth: number, parent: number) => {
    nodes += 1 + (depth > parent + 1 ? 1 : 0);
  };
  for (let i = 0; i < ids.length; i++) {
    const after = i + 1 < ids.length ? sharedBytes(ids[i], ids[i + 1]) : -1;
    const before = open.at(-1) ?? -1;
    close(KEY_BYTES, Math.max(before, after));
    while (open.length > 0 && open.at(-1)! > after) {
      const depth = open.pop()!;
      close(depth, Math.max(open.at(-1) ?? -1, after));
    }
    if (after >= 0 && open.at(-1) !== after) open.push(after);
  }
  return nodes;
}

/** How many bytes two different keys have in common at their beginning. */
function sharedBytes(a: StreamId, b: StreamId): number {
  const words = a.ms !== b.ms
    ? [highWord(a.ms), highWord(b.ms), lowWord(a.ms), lowWord(b.ms)]
    : [highWord(a.seq), highWord(b.seq), lowWord(a.seq), lowWord(b.seq)];
  const base = a.ms !== b.ms ? 0 : 8;
  const high = words[0] ^ words[1];
  if (high !== 0) return base + (Math.clz32(high) >> 3);
  return base + 4 + (Math.clz32(words[2] ^ words[3]) >> 3);
}
