/** What is wrong with bytes that should be RDB: thrown by everything that reads them. */

/**
 * Bytes that are no valid RDB. RESTORE answers it with `ERR Bad data format`; a file is refused with
 * offset and reason.
 */
export class RdbError extends Error {
  /** @param reason what is wrong. @param offset where, in the bytes that were being read. */
  constructor(readonly reason: string, readonly offset: number) {
    super(`${reason} at offset ${offset}`);
    this.name = "RdbError";
  }
}

/** A collection without elements: old servers wrote such by mistake. All of it has been read. */
export class RdbEmptyError extends RdbError {
  override name = "RdbEmptyError";
}
