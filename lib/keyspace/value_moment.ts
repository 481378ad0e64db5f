/**
 * What a large value was at one moment, kept for who writes a snapshot while the value changes,
 * moves or goes. To begin with one takes no time; what is about to change is kept bit by bit.
 */

/** A value as it was at a moment. How it is read is the affair of its type. */
export interface ValueMoment {
  /** All of it has been read: the value goes on by itself. */
  end(): void;
  /** Gives it up, some work at a time. True: the value goes on by itself. */
  drain(): boolean;
}
