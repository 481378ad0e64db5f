/** Which keys of a database are watched (WATCH), and by whom. Keys are latin1. */

import type { Watcher } from "./shared.ts";

/** See above. */
export class WatchedKeys {
  readonly #watchers = new Map<string, Set<Watcher>>();

  /** Whether nobody watches anything. */
  get isEmpty(): boolean {
    return this.#watchers.size === 0;
  }

  /** From now on `watcher` is marked with `key`. False: it was already. */
  add(key: string, watcher: Watcher): boolean {
    const watchers = this.#watchers.get(key);
    if (watchers?.has(watcher)) return false;
    if (watchers === undefined) this.#watchers.set(key, new Set([watcher]));
    else watchers.add(watcher);
    return true;
  }

  /** Ends {@linkcode WatchedKeys.add}. */
  remove(key: string, watcher: Watcher): void {
    const watchers = this.#watchers.get(key);
    if (watchers?.delete(watcher) && watchers.size === 0) this.#watchers.delete(key);
  }

  /** The key has changed. */
  mark(key: string): void {
    for (const watcher of this.#watchers.get(key) ?? []) watcher.dirty = true;
  }

  /** All keys that `concerns` holds for have changed. */
  markAll(concerns: (key: string) => boolean): void {
    for (const [key, watchers] of this.#watchers) {
      if (concerns(key)) { for (const watcher of watchers) watcher.dirty = true; }
    }
  }
}
