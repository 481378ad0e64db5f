/**
 * Key events: what happens to keys, in the words of `notify-keyspace-events`. A handler names the
 * event where it reports a change; who listens is not its affair.
 */

/** Classes of events, one bit each, as `notify-keyspace-events` numbers them. */
export const EventClass = {
  generic: 1 << 2, // g
  string: 1 << 3, // $
  list: 1 << 4, // l
  set: 1 << 5, // s
  hash: 1 << 6, // h
  zset: 1 << 7, // z
  expired: 1 << 8, // x
  evicted: 1 << 9, // e
  stream: 1 << 10, // t
  keyMiss: 1 << 11, // m
  module: 1 << 13, // d
  newKey: 1 << 14, // n
} as const;

/** Something that happened to a key. */
export interface KeyEvent {
  /** As subscribers see it: `set`, `expire`, `del` ... */
  readonly name: string;
  /** One of {@linkcode EventClass}. */
  readonly eventClass: number;
}

/** An event of the given class. */
export function keyEvent(name: string, eventClass: keyof typeof EventClass): KeyEvent {
  return { name, eventClass: EventClass[eventClass] };
}

/** A key was deleted, by whatever command. */
export const DEL: KeyEvent = keyEvent("del", "generic");
