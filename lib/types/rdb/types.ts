/** The numbers by which RDB names how a value is written, of all versions that are read. */

/** How a value is written. */
export const RdbType = {
  string: 0,
  list: 1,
  set: 2,
  /** Scores as text. */
  zset: 3,
  hash: 4,
  /** Scores as eight bytes. */
  zset2: 5,
  hashZipmap: 9,
  listZiplist: 10,
  setIntset: 11,
  zsetZiplist: 12,
  hashZiplist: 13,
  /** Nodes that are ziplists. */
  quicklist: 14,
  stream: 15,
  hashListpack: 16,
  zsetListpack: 17,
  /** Nodes that are listpacks or one plain element. */
  quicklist2: 18,
  /** With first and deleted IDs and what groups have read: Redis 7.0. */
  stream2: 19,
  /** Redis 7.2. */
  setListpack: 20,
  /** With the time when a consumer was last active: Redis 7.2. */
  stream3: 21,
  /** With the expiry of fields: Redis 7.4. */
  hashMetadata: 24,
  /** A listpack of field, value and expiry: Redis 7.4. */
  hashListpackEx: 25,
} as const;

/** The version of RDB that is written: Redis 7.0's. */
export const RDB_VERSION = 10;
/** The version that fields with an expiry need: Redis 7.4's. It is the highest that is read. */
export const RDB_VERSION_FIELD_EXPIRY = 12;
