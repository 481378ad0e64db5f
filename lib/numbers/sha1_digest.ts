/**
 * The two steps from which DEBUG DIGEST is made: one for what has an order, one for what has none.
 *
 * `xorDigest` over the members of a set gives the same digest in any order (and cancels what comes
 * twice); `mixDigest` over the elements of a list depends on the order. Promise: the same digests as
 * Redis 7.0, so that a dataset can be compared with the one it was loaded from.
 */

import { sha1 } from "./sha1.ts";

/** Bytes of a digest. */
export const DIGEST_SIZE_BYTES = 20;

const hash = new Uint8Array(DIGEST_SIZE_BYTES);

/** Adds bytes whose order among others does not matter: `digest ^= sha1(bytes)`, in place. */
export function xorDigest(
  digest: Uint8Array,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): void {
  sha1(hash, bytes, start, end);
  for (let i = 0; i < DIGEST_SIZE_BYTES; i++) digest[i] ^= hash[i];
}

/** Adds bytes whose order matters: `digest = sha1(digest ^ sha1(bytes))`, in place. */
export function mixDigest(
  digest: Uint8Array,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): void {
  xorDigest(digest, bytes, start, end);
  sha1(digest, digest, 0, DIGEST_SIZE_BYTES);
}
