/**
 * The objects of an archive whose server goes on writing it: what was listed may have been replaced
 * by the time it is read. Promise: an error that comes of that is nobody's; one that stays is.
 */

import { type HistoryObjects, readNames } from "./names.ts";
import type { ArchiveSink } from "./sink.ts";

/** Catalogs are replaced in bursts while files are copied; a list and a read are quicker than that. */
const TRIES = 10;

/**
 * Runs `action` on the objects there are; again, if it fails or `isSure` doubts what it gave, and
 * other objects are there by now.
 */
export async function withObjects<T>(
  sink: ArchiveSink,
  action: (objects: Map<number, HistoryObjects>) => Promise<T>,
  isSure: (result: T) => boolean = () => true,
): Promise<T> {
  let names = await sink.list();
  for (let left = TRIES;; left--) {
    let finish: () => T;
    try {
      const result = await action(readNames(names));
      if (isSure(result)) return result;
      finish = () => result;
    } catch (error) {
      finish = () => {
        throw error;
      };
    }
    if (left <= 1) return finish();
    const now = await sink.list();
    if (isSame(names, now)) return finish();
    names = now;
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  const names = new Set(some);
  return some.length === others.length && others.every((name) => names.has(name));
}
