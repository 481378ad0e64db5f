/**
 * Decodes whole streams for tests, cut into reads in any way, and checks on the way what must hold
 * for every command: where it stands in the stream, and that a canonical one encodes to itself.
 */

import { Buffer } from "node:buffer";
import { Decoder, type DecoderLimits, ProtocolError } from "../../lib/resp/decoder.ts";
import { CommandEncoder } from "../../lib/resp/encoder.ts";
import { assert, assertEquals } from "../kit/assert.ts";

/** What came out of a stream. */
export interface Decoded {
  /** The arguments of each command, as latin1. */
  readonly commands: string[][];
  /** Whether each was canonical. */
  readonly canonical: boolean[];
  /** The protocol error at its end. */
  error?: string;
  /** Where in the stream the error is. */
  errorAt?: number;
  /** Bytes at the end that are no whole command. */
  pending: number;
}

/** The limits of an ordinary client. */
export const LIMITS: DecoderLimits = {
  bulkBytesMax: 512 * 1024 * 1024,
  queryBytesMax: 1024 * 1024 * 1024,
  authenticated: true,
};

/** How a stream is decoded. */
export interface DecodeOptions {
  readonly limits?: DecoderLimits;
  readonly strict?: boolean;
}

/** Decodes a stream (latin1) that arrives in reads that end at `cuts`, which ascend. */
export function decode(
  stream: string,
  cuts: Iterable<number> = [],
  { limits = LIMITS, strict }: DecodeOptions = {},
): Decoded {
  const bytes = Buffer.from(stream, "latin1");
  const decoder = new Decoder(limits, { strict });
  const found: Decoded = { commands: [], canonical: [], pending: 0 };
  let from = 0;
  try {
    for (const cut of [...cuts, bytes.length]) {
      feed(decoder, bytes.subarray(from, cut), () => note(decoder, bytes, found));
      from = cut;
    }
    found.pending = decoder.pendingBytes;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    found.error = error.message;
    found.errorAt = error.offset;
  }
  return found;
}

/** Feeds bytes as one read (or several, where there is less room) and calls for each command. */
export function feed(decoder: Decoder, bytes: Uint8Array, found: () => void): void {
  for (let at = 0; at < bytes.length;) {
    const room = decoder.space();
    assert(room.length > 0, "there is no room to read into");
    const part = bytes.subarray(at, at + room.length);
    room.set(part);
    decoder.filled(part.length);
    at += part.length;
    while (decoder.next()) found();
  }
}

function note(decoder: Decoder, stream: Buffer, found: Decoded): void {
  const { args, canonical, rawStart, rawEnd, commandStart, commandEnd } = decoder;
  const command: string[] = [];
  for (let i = 0; i < args.count; i++) command.push(args.text(i));
  found.commands.push(command);
  found.canonical.push(canonical);
  const raw = decoder.raw.subarray(rawStart, rawEnd).toString("latin1");
  assertEquals(raw, stream.toString("latin1", commandStart, commandEnd));
  if (!canonical) return;
  const encoder = new CommandEncoder();
  encoder.args(args);
  assertEquals(raw, encoder.buf.toString("latin1", 0, encoder.length));
}
