/** Looking up the hash that a command works on. */

import { Hash } from "../types/hash/hash.ts";
import type { Context } from "./context.ts";

/** Commands run one after another: one object serves them all. */
const hash = new Hash();

/** The hash in argument 1, to be read; undefined: it is something else, which has been answered. */
export function readHash(ctx: Context): Hash | undefined {
  const { args, db } = ctx;
  const ref = db.lookup(args, 1);
  return ctx.check(ref, "hash") ? hash.open(db, args, 1, ref) : undefined;
}

/** The hash in argument 1, to be changed: an empty one if there is none. Else as `readHash`. */
export function writeHash(ctx: Context): Hash | undefined {
  const { args, db } = ctx;
  const ref = db.lookupWrite(args, 1);
  if (!ctx.check(ref, "hash")) return undefined;
  return hash.open(db, args, 1, ref, ctx.server.config.values);
}
