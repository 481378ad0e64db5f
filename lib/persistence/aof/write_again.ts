/**
 * After a failed fsync: writes the batches that it covered once more, in place and with the bytes
 * they have.
 *
 * When an fsync fails the kernel may call its pages clean all the same, and a later one that succeeds
 * says nothing about them. Written again they are dirty again, so that the next fsync covers them.
 * The bytes are taken from the file, which the kernel still holds in memory, or has forgotten and
 * reads from the disk.
 *
 * Promise: nothing is written but what its checksum has verified, where it stands already; so no
 * crash in between changes the file.
 */

import type { DiskFile } from "../../platform/disk.ts";
import { writeFully } from "../files.ts";
import { readAt, sealEndingAt } from "./file_end.ts";
import { crc32, parseHead, parseSeal } from "./frames.ts";

/** Bytes looked at in a step, if no batch is longer. */
const WINDOW_BYTES = 1024 * 1024;

/**
 * Writes batches again, step by step. Returns whether all of them were: not if the file is not framed,
 * or does not hold any more what was written.
 *
 * @param file open for reading and for writing in place
 * @param from_bytes where a batch begins, @param to_bytes where one ends
 * @throws {DiskError} it cannot be read or written
 */
export function* writeAgain(
  file: DiskFile,
  path: string,
  from_bytes: number,
  to_bytes: number,
): Generator<void, boolean, void> {
  let chain = from_bytes === 0 ? 0 : sealEndingAt(file, from_bytes)?.chain;
  if (chain === undefined) return false;
  let window_bytes = WINDOW_BYTES;
  for (let at = from_bytes; at < to_bytes;) {
    const window = readAt(file, at, Math.min(window_bytes, to_bytes - at));
    const whole = verifyBatches(window, at, chain);
    if (whole.length === 0) {
      if (window.length < window_bytes) return false;
      window_bytes *= 2; // one batch is longer
      continue;
    }
    file.seek(at);
    writeFully(file, window.subarray(0, whole.length), path);
    at += whole.length;
    chain = whole.chain;
    if (at < to_bytes) yield;
  }
  return true;
}

/** The length of the batches at the beginning of `bytes` that are as they were written. */
function verifyBatches(
  bytes: Uint8Array,
  offset: number,
  chainBefore: number,
): { length: number; chain: number } {
  let chain = chainBefore;
  let at = 0;
  while (true) {
    const head = parseHead(bytes, at, bytes.length);
    if (head === undefined) break;
    const sealAt = head.end + head.length;
    const parsed = sealAt < bytes.length ? parseSeal(bytes, sealAt, bytes.length) : undefined;
    if (parsed === undefined) break;
    const { seal } = parsed;
    const next = crc32(bytes, head.end, sealAt, chain);
    if (seal.offset !== offset + at || seal.length !== head.length || seal.chain !== next) break;
    chain = next;
    at = parsed.end;
  }
  return { length: at, chain };
}
