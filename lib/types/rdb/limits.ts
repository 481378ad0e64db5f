/** What of the configuration decides how collections are kept and written. */

import type { HashLimits } from "../hash/hash.ts";
import type { PackedLimits } from "../zset/zset_writer.ts";

/** Up to where a collection is kept small, as the directives have it. */
export interface EncodingLimits {
  /** `list-max-listpack-size`. */
  readonly listNodeSize: number;
  /** `set-max-intset-entries`. */
  readonly setIntegers_max: number;
  readonly hash: HashLimits;
  readonly zset: PackedLimits;
}
