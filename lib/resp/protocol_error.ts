/** What a decoder accepts, and the errors for what it does not. */

/** What a decoder accepts. */
export interface DecoderLimits {
  /** Longest argument in bytes (`proto-max-bulk-len`). */
  bulkBytesMax: number;
  /** Most bytes held for one unfinished command (`client-query-buffer-limit`). */
  queryBytesMax: number;
  /** Whether the sender has authenticated; if not, tighter limits hold. */
  authenticated: boolean;
}

/** The bytes are not RESP; the message is what Redis says after `Protocol error: `. */
export class ProtocolError extends Error {
  /** Offset in the stream of the line that could not be read. */
  readonly offset: number;

  /** @param message Redis's text. @param offset of the offending line in the stream. */
  constructor(message: string, offset: number) {
    super(message);
    this.name = "ProtocolError";
    this.offset = offset;
  }
}

/** The command under way is larger than `queryBytesMax`; Redis closes without a word. */
export class QueryTooLargeError extends Error {
  override name = "QueryTooLargeError";
}
