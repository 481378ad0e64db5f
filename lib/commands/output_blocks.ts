/**
 * How much of what waits to be sent counts, as in Redis: the first 16 KiB lie in a buffer that every
 * client has, what goes beyond them in blocks, which count whole. `client-output-buffer-limit` goes by
 * them, and CLIENT LIST shows them (`obl`, `oll`, `omem`).
 */

/** Redis's buffer of each client (PROTO_REPLY_CHUNK_BYTES), which is not counted. */
export const OWN_BUFFER_BYTES = 16 * 1024;
/** What a block takes of many small replies, measured: one more byte, and the next is counted. */
const BLOCK_PAYLOAD_BYTES = 20_464;
/** What a block counts. */
const BLOCK_BYTES = 20_504;

/** The blocks of so many bytes. */
export function outputBlocks(waiting_bytes: number): number {
  return Math.max(0, Math.ceil((waiting_bytes - OWN_BUFFER_BYTES) / BLOCK_PAYLOAD_BYTES));
}

/** What counts of so many bytes that wait. */
export function countedOutput_bytes(waiting_bytes: number): number {
  return outputBlocks(waiting_bytes) * BLOCK_BYTES;
}

/** The least that has to wait for so much (at least 1) to count. */
export function leastWaiting_bytes(counted_bytes: number): number {
  const blocks = Math.ceil(counted_bytes / BLOCK_BYTES);
  return OWN_BUFFER_BYTES + (blocks - 1) * BLOCK_PAYLOAD_BYTES + 1;
}
