/**
 * The assertions of `@std/assert`, with types.
 *
 * The npm package behind the import map is plain JavaScript: without the declarations beside this
 * file every assertion would silently be `any`. Tests import from here, never from `@std/assert`.
 */

// @ts-types="./std_assert.d.ts"
export {
  assert,
  assertEquals,
  assertExists,
  assertGreater,
  assertGreaterOrEqual,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";
