/** Types for the part of `@std/assert` that the tests use. */

/** Thrown by every assertion that does not hold. */
export class AssertionError extends Error {
  /** Made by the assertions. */
  constructor(message: string, options?: ErrorOptions);
}

/** A class of errors: what `assertThrows` and `assertRejects` expect. */
// deno-lint-ignore no-explicit-any -- a constructor's parameters are contravariant: only `any` takes all
export type ErrorClass<E extends Error = Error> = abstract new (...args: any[]) => E;

/** Holds where `expr` is truthy. */
export function assert(expr: unknown, msg?: string): asserts expr;
/** Holds where both are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void;
/** Holds where the two are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void;
/** Holds where both are the same value by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T;
/** Holds where the value is neither null nor undefined. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T>;
/** Holds where `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void;
/** Holds where the expression matches somewhere in `actual`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void;
/** Holds where `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void;
/** Holds where `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void;
/** Holds where `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void;
/** Holds where `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void;
/** Never holds. */
export function fail(msg?: string): never;

/** Holds where `fn` throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Holds where `fn` throws an `errorClass` whose message includes `msgIncludes`; returns it. */
export function assertThrows<E extends Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;

/** Holds where the promise of `fn` rejects; resolves to the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Holds where it rejects with an `errorClass` whose message includes `msgIncludes`. */
export function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
