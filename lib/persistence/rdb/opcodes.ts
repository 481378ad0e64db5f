/** What an RDB file is made of, besides the types of values (`types/rdb/types.ts`). */

/** How a file begins; four digits follow, its version. */
export const RDB_MAGIC = "REDIS";
/** Bytes of magic and version. */
export const RDB_HEADER_BYTES = 9;
/** From this version on the file ends with a checksum. */
export const RDB_VERSION_CHECKSUM = 5;
/** Bytes of the checksum. */
export const RDB_CHECKSUM_BYTES = 8;

/** What stands where no type of a value does. */
export const RdbOpcode = {
  /** `<slot> <keys> <expiring keys>`: a hint of servers in a cluster. */
  slotInfo: 244,
  /** `<string>`: the code of a library of functions. */
  function: 245,
  /** The same as release candidates of 7.0 wrote it. */
  functionPreGa: 246,
  /** `<module> ...`: what a module keeps besides keys. */
  moduleAux: 247,
  /** `<seconds>`: for how long the key that follows was not used. */
  idle: 248,
  /** `<byte>`: how often the key that follows was used, logarithmically. */
  frequency: 249,
  /** `<string> <string>`: name and value of a field on the file itself. */
  aux: 250,
  /** `<keys> <expiring keys>`: how large the database will be. */
  resizeDb: 251,
  /** `<8 bytes LE>`: when the key that follows expires, in ms since the epoch. */
  expiry_ms: 252,
  /** `<4 bytes LE>`: the same in seconds. */
  expiry_s: 253,
  /** `<number>`: the database of the keys that follow. */
  selectDb: 254,
  /** The end; the checksum follows. */
  end: 255,
} as const;

/** The types of values that modules made. */
export const ModuleType = { preGa: 6, module: 7 } as const;

/** Names of modules have nine of these characters. */
const MODULE_NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const MODULE_NAME_LENGTH = 9;
const MODULE_VERSION_BITS = 10n;

/** The name of a module's type: nine characters of six bits, above ten bits of version. */
export function moduleName(id: number | bigint): string {
  let rest = BigInt(id) >> MODULE_VERSION_BITS;
  let name = "";
  for (let i = 0; i < MODULE_NAME_LENGTH; i++) {
    name = MODULE_NAME_CHARACTERS[Number(rest & 63n)] + name;
    rest >>= 6n;
  }
  return name;
}
