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
      milliseconds ms num-matches numfields numkeys numreplicas offset port protover rank seconds slot start
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

/** The key spec of the keys that a pattern makes up, as in SORT; none where it only filters. */
export function patternSpecIndex(command: CommandRecord): number | undefined {
  const index = (command.keys ?? []).findIndex(({ begin }) => begin === "unknown");
  return index < 0 ? undefined : index;
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
  "client-id_normal_master_slave_pubsub_username_ip:port_ip:port_yes/no": "new-format",
  count_any: "count",
  count_withscores: "options",
  count_withvalues: "options",
  encoding_offset_value_encoding_offset_increment: "write_operation",
  encoding_offset_write: "operation",
  end_index_unit: "end_index",
  equal_approximately: "operator",
  force_takeover: "options",
  gt_lt: "comparison",
  "ip:port_new-format": "filter",
  id_new_id: "id",
  auto_id_id: "id_or_auto",
  key_id: "streams",
  key_empty_string: "key_or_empty_string",
  left_right: "where",
  m_km_ft_mi: "unit",
  maxlen_minid: "strategy",
  member_longitude_latitude: "from",
  "min-idle-time_start_end_count_consumer": "filters",
  min_max: "where",
  "module-name_category_pattern": "filterby",
  normal_master_slave_replica_pubsub: "normal_master_slave_pubsub",
  numfields_field: "fields",
  name_value: "configs",
  "node-id_node-id_node-id_stable": "subcommand",
  nx_xx: "condition",
  nx_xx_gt_lt: "condition",
  on_off: "status",
  protover_username_password_clientname: "arguments",
  radius_unit: "circle",
  start_end_index: "index",
  start_end_index_unit: "index",
  strategy_operator_threshold_count: "trim",
  sum_min_max: "aggregate",
  width_height_unit: "box",
  wrap_sat_fail_write_operation: "write",
  write_all: "mode",
  yes_no: "mode",
};

/** Alternatives that only ways to expire have. */
const EXPIRATION = "unix-time-milliseconds";

/** The name of a oneof or a block of a command whose parts have these names. */
export function groupName(parts: readonly string[], command: CommandRecord): string {
  if (parts.length > 2 && parts.includes(EXPIRATION)) return "expiration";
  if (command.name === "no-evict") return "enabled";
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
