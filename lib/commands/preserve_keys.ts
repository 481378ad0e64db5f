/** A command that writes is about to run: a snapshot under way writes its keys first, as they are. */

import type { Database } from "../keyspace/database.ts";
import type { Args } from "../resp/args.ts";
import type { Command } from "./command.ts";
import { findKeys } from "./key_extraction.ts";

/** Preserves the keys of a command, as far as they are there. */
export function preserveKeys(db: Database, command: Command, args: Args): void {
  for (const { at } of findKeys(command, args) ?? []) db.preserveKey(args, at);
}
