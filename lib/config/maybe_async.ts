/**
 * Steps that may take time: what can be done at once is done at once, and only the rest makes a
 * promise. Nobody waits a turn for a CONFIG SET that needs none.
 */

/** Runs `step` for one item after the other, each when the one before has been done. */
export function inOrder<Item>(
  items: readonly Item[],
  step: (item: Item) => void | Promise<void>,
): void | Promise<void> {
  for (let i = 0; i < items.length; i++) {
    const underWay = step(items[i]);
    if (underWay !== undefined) return underWay.then(() => inOrder(items.slice(i + 1), step));
  }
}

/** Runs `action`; what it throws or rejects with goes to `onError`, which may do so again. */
export function attempt(
  action: () => void | Promise<void>,
  onError: (error: unknown) => void | Promise<void>,
): void | Promise<void> {
  try {
    return action()?.catch(onError);
  } catch (error) {
    return onError(error);
  }
}
