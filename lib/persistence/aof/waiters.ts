/** Those who wait for the log to reach a position: to have been written, or to be safe. */

interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Waiters. */
export class PositionWaiters {
  #waiting: Waiter[] = [];

  /** Resolves when the position has been reached; rejects with what {@linkcode fail} is given. */
  wait(position: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ position, resolve, reject }));
  }

  /** All before `position` has been reached. */
  reached(position: number): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((waiter) => waiter.position > position);
    for (const waiter of waiting) if (waiter.position <= position) waiter.resolve();
  }

  /** None of the positions will be reached. */
  fail(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter.reject(error);
  }
}
