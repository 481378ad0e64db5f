/** What was thrown, in words: anything can be. */

/** What an error says, for the log or a client; of anything else, its text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
