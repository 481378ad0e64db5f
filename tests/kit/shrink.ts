/**
 * Delta debugging (Zeller's ddmin): from a sequence that fails to one that fails and from which no
 * single step can be left out.
 */

/**
 * Runs a sequence: the index of the first step that fails, or undefined where none does (or where
 * the caller has had enough of trying).
 */
export type Run<T> = (steps: readonly T[]) => Promise<number | undefined>;

/** A shortest part of `steps` (in order) that still fails; `steps` itself must fail. */
export async function shortestFailing<T>(steps: readonly T[], run: Run<T>): Promise<readonly T[]> {
  let failing = steps;
  let parts = 2;
  while (failing.length > 1 && parts <= failing.length) {
    const shorter = await withoutOnePart(failing, parts, run);
    if (shorter !== undefined) {
      failing = shorter;
      parts = Math.max(2, Math.min(parts - 1, failing.length));
    } else if (parts === failing.length) {
      break;
    } else {
      parts = Math.min(failing.length, parts * 2);
    }
  }
  return failing;
}

/** Tries to leave out one of `parts` equal parts; what is left is cut at the step that fails. */
async function withoutOnePart<T>(
  steps: readonly T[],
  parts: number,
  run: Run<T>,
): Promise<readonly T[] | undefined> {
  for (let part = 0; part < parts; part++) {
    const from = Math.floor(steps.length * part / parts);
    const to = Math.floor(steps.length * (part + 1) / parts);
    const rest = [...steps.slice(0, from), ...steps.slice(to)];
    const at = await run(rest);
    if (at !== undefined) return rest.slice(0, at + 1);
  }
  return undefined;
}
