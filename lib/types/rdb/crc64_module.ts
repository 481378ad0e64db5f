/**
 * The inner loop of CRC-64 as a WebAssembly module, assembled here. It has integers of 64 bits, and
 * is fast from its first call on: the same loop in JavaScript takes 30 ms until it is compiled.
 *
 *     memory    | state, 8 bytes | 16 tables of 256 * 8 bytes | bytes, CRC_ROOM_BYTES |
 *     add(end)  takes the bytes up to offset `end` (of the memory) into the state, 16 at a time
 *
 *     for (at = CRC_ROOM; at < end; at += 16) {
 *       a = state ^ load(at); b = load(at + 8);
 *       state = T15[a & 255] ^ T14[a >> 8 & 255] ^ ... ^ T8[a >> 56] ^ T7[b & 255] ^ ... ^ T0[b >> 56];
 *     }
 */

/** How many tables there are: so many bytes are taken at once. */
export const CRC_SLICES = 16;
/** Offset of table 0; the state is at 0. */
export const CRC_TABLES = 16;
const TABLE_BYTES = 256 * 8;
/** Offset of the bytes. */
export const CRC_ROOM: number = CRC_TABLES + CRC_SLICES * TABLE_BYTES;
const PAGE_BYTES = 1 << 16;
/** Room for so many bytes: what is left of one page. */
export const CRC_ROOM_BYTES: number = (PAGE_BYTES - CRC_ROOM) & -CRC_SLICES;

/** What the module has. */
export interface CrcModule {
  /** Its memory, see above. */
  readonly memory: ArrayBuffer;
  /** Takes `memory[CRC_ROOM .. end)` into the state: at least one times {@linkcode CRC_SLICES} bytes. */
  add(end: number): void;
}

/** Makes one; its tables and its state are zero. */
export function makeCrcModule(): CrcModule {
  const module = new WebAssembly.Module(assemble());
  const { memory, add } = new WebAssembly.Instance(module).exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new Error("crc64: the module has no memory");
  return { memory: memory.buffer as ArrayBuffer, add: add as (end: number) => void };
}

const I32 = 0x7f;
const I64 = 0x7e;
const FUNCTION = 0x60;
const NO_RESULT = 0x40;
/** Opcodes, as the specification names them. */
const LOOP = 0x03;
const END = 0x0b;
const BR_IF = 0x0d;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const I64_LOAD = 0x29;
const I64_STORE = 0x37;
const I32_CONST = 0x41;
const I64_CONST = 0x42;
const I32_LT_U = 0x49;
const I32_ADD = 0x6a;
const I32_AND = 0x71;
const I32_SHL = 0x74;
const I64_XOR = 0x85;
const I64_SHR_U = 0x88;
const I32_WRAP_I64 = 0xa7;

/** The parameter and the variables of `add`. */
const LIMIT = 0;
const AT = 1;
const A = 2;
const B = 3;
const WORD_BYTES = 8;
/** log2 of what a word is aligned to, at least. */
const ALIGNED = 3;

/** An unsigned integer in LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

/** A signed one, not negative. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x40; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function text(name: string): number[] {
  return sized([...name].map((character) => character.charCodeAt(0)));
}

/** Byte `i` of variable `word`, looked up in table `table`. */
function lookup(word: number, i: number, table: number): number[] {
  return [
    ...[LOCAL_GET, word, I64_CONST, ...signed(8 * i), I64_SHR_U, I32_WRAP_I64],
    ...[I32_CONST, ...signed(0xff), I32_AND, I32_CONST, ALIGNED, I32_SHL],
    ...[I64_LOAD, ALIGNED, ...unsigned(CRC_TABLES + table * TABLE_BYTES)],
  ];
}

function body(): number[] {
  const code = [
    ...[I32_CONST, ...signed(CRC_ROOM), LOCAL_SET, AT],
    ...[I32_CONST, 0, I64_LOAD, ALIGNED, 0, LOCAL_SET, A],
    ...[LOOP, NO_RESULT],
    ...[LOCAL_GET, A, LOCAL_GET, AT, I64_LOAD, ALIGNED, 0, I64_XOR, LOCAL_SET, A],
    ...[LOCAL_GET, AT, I64_LOAD, ALIGNED, WORD_BYTES, LOCAL_SET, B],
  ];
  for (let i = 0; i < CRC_SLICES; i++) {
    code.push(...lookup(i < WORD_BYTES ? A : B, i % WORD_BYTES, CRC_SLICES - 1 - i));
    if (i > 0) code.push(I64_XOR);
  }
  code.push(
    ...[LOCAL_SET, A],
    ...[LOCAL_GET, AT, I32_CONST, ...signed(2 * WORD_BYTES), I32_ADD, LOCAL_TEE, AT],
    ...[LOCAL_GET, LIMIT, I32_LT_U, BR_IF, 0, END],
    ...[I32_CONST, 0, LOCAL_GET, A, I64_STORE, ALIGNED, 0, END],
  );
  const variables = vector([[1, I32], [2, I64]]);
  return sized([...variables, ...code]);
}

function assemble(): Uint8Array<ArrayBuffer> {
  const sections = [
    vector([[FUNCTION, ...vector([[I32]]), ...vector([])]]), // 1: types
    undefined,
    vector([[0]]), // 3: functions, by type
    undefined,
    vector([[1, 1, 1]]), // 5: memories of one page
    undefined,
    vector([[...text("memory"), 2, 0], [...text("add"), 0, 0]]), // 7: exports
    undefined,
    undefined,
    vector([body()]), // 10: code
  ];
  const bytes = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]; // magic, version
  sections.forEach((section, i) => {
    if (section !== undefined) bytes.push(i + 1, ...sized(section));
  });
  return Uint8Array.from(bytes);
}
