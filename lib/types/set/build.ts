/** Making a whole set at once, as RESTORE, loading and the commands that store sets do. */

import type { Database, Ref } from "../../keyspace/database.ts";
import type { Args } from "../../resp/args.ts";
import { SetEditor } from "./editor.ts";
import type { MemberTest } from "./view.ts";

/**
 * Stores a set under argument `i`, in the place of whatever was there; `ref` is what the last lookup
 * of that key returned, with no other since. The caller reports the change.
 *
 *     storeSet(db, ref, args, 1, 512, (add) => { while (more()) add(buf, start, end); });
 *
 * @param integers_max most members of a set of integers (`set-max-intset-entries`).
 * @param fill calls `add` for each member, and looks nothing up; `add` returns false for a repeated
 * one. @throws if there are no members.
 */
export function storeSet(
  db: Database,
  ref: Ref,
  args: Args,
  i: number,
  integers_max: number,
  fill: (add: MemberTest) => void,
): void {
  const editor = new SetEditor();
  editor.begin(db.keyspace.seed, integers_max);
  fill((bytes, start, end) => editor.add(bytes, start, end));
  editor.store(db, ref, args, i);
}
