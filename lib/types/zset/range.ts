/**
 * Ranges of scores and of members: `(1 +inf`, `[a (b`.
 */

/** Scores from `min` to `max`. */
export interface ScoreRange {
  readonly min: number;
  readonly max: number;
  /** Whether `min` itself is left out. */
  readonly minExclusive: boolean;
  /** Whether `max` itself is left out. */
  readonly maxExclusive: boolean;
}

/** One end of a range of members: bytes, or what is below or above every member. */
export interface LexBound {
  readonly kind: "lowest" | "highest" | "member";
  /** The member is `buf[start .. end)`; valid as long as the arguments are. */
  readonly buf: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Whether the member itself is left out. */
  readonly exclusive: boolean;
}

/** Members from `min` to `max`, which are of the same score. */
export interface LexRange {
  readonly min: LexBound;
  readonly max: LexBound;
}
