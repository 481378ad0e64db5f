/**
 * What the names of arguments in Redis's manual mean: their types in COMMAND DOCS, and the names of
 * groups. The same name means the same nearly everywhere; where it does not, the command decides.
 */

import type { CommandRecord } from "./command.ts";

const TYPES: ReadonlyMap<string, readonly string[]> = new Map([
  ["key", words("key key1 key2 newkey source sourcekey src destination destkey dst")],
  [
    "integer",
    words(`bit bits client-id cluster_bus_port config-epoch count cursor db decrement destination-db
      end end-slot entries_added entries_read frequency increment index index1 index2 len limit
      milliseconds ms num-matches numkeys numreplicas offset port protover rank seconds slot start
      start-slot stop timeout ttl version weight`),
  ],
  ["double", words("height latitude longitude radius score width")],
  ["pattern", words("pattern")],
  ["unix-time", words("unix-time-seconds unix-time-milliseconds")],
]);

const TYPE_OF: ReadonlyMap<string, string> = new Map(
  [...TYPES].flatMap(([type, names]) => names.map((name) => [name, type] as const)),
);

/** Names whose type the command decides; undefined: the ordinary type. */
const EXCEPTIONS: Readonly<Record<string, (command: CommandRecord) => string | undefined>> = {
  increment: ({ name }) => name.endsWith("float") ? "double" : undefined,
  start: hasTextRange,
  stop: hasTextRange,
  end: hasTextRange,
  min: hasScoreRange,
  max: hasScoreRange,
  timeout: ({ flags, keys }) => flags.includes("blocking") && keys ? "double" : undefined,
  value: ({ group }) => group === "bitmap" ? "integer" : undefined,
  "min-idle-time": ({ name }) => name === "xpending" ? "integer" : undefined,
  key: ({ name }) => name === "keyslot" ? "string" : undefined,
};

/** The type of a named argument: `string` where nothing else is known. */
export function argumentType(name: string, command: CommandRecord): string {
  return EXCEPTIONS[name]?.(command) ?? TYPE_OF.get(name) ?? "string";
}

/** The key spec that finds a key argument; `nth` counts the key arguments before it. */
export function keySpecIndex(name: string, nth: number, command: CommandRecord): number {
  const specs = command.keys ?? [];
  const overwritten = specs.findIndex(({ flags }) => flags.includes("OW"));
  if (name === "destination" && overwritten >= 0) return overwritten;
  return Math.max(Math.min(nth, specs.length - 1), 0);
}

/** Groups that have names of their own, by their parts. */
const GROUP_NAMES: Readonly<Record<string, string>> = {
  async_sync: "async",
  asc_desc: "order",
  before_after: "where",
  byscore_bylex: "sortby",
  byte_bit: "index_unit",
  circle_box: "by",
  equal_approximately: "operator",
  force_takeover: "options",
  gt_lt: "comparison",
  id_new_id: "id",
  auto_id_id: "id_or_auto",
  key_id: "streams",
  key_empty_string: "key_or_empty_string",
  left_right: "where",
  m_km_ft_mi: "unit",
  maxlen_minid: "strategy",
  min_max: "where",
  "module-name_category_pattern": "filterby",
  nx_xx: "condition",
  nx_xx_gt_lt: "condition",
  on_off: "status",
  write_all: "mode",
  yes_no: "mode",
  sum_min_max: "aggregate",
};
/** Alternatives that only ways to expire have. */
const EXPIRATION = "unix-time-milliseconds";

/** The name of a oneof or a block whose parts have these names. */
export function groupName(parts: readonly string[]): string {
  if (parts.length > 2 && parts.includes(EXPIRATION)) return "expiration";
  const joined = parts.join("_");
  return GROUP_NAMES[joined] ?? joined;
}

/** Streams and ZRANGE take ranges of IDs and the like. */
function hasTextRange({ name, group }: CommandRecord): string | undefined {
  return group === "stream" || name === "zrange" ? "string" : undefined;
}

function hasScoreRange({ name }: CommandRecord): string | undefined {
  return name.includes("score") || name === "zcount" ? "double" : undefined;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
