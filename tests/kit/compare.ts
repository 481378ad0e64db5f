/**
 * When two replies count as the same. Byte for byte, unless a test says what may differ and why.
 */

import { parseReply, type Reply } from "./resp_reply.ts";

/** What may differ between the two replies; nothing, where nothing is said. */
export interface Comparison {
  /**
   * The order of elements: `true` of the outermost array, set or map, `"pairs"` of the pairs in a
   * flat array (HGETALL in RESP2), `"deep"` of arrays at every depth (SCAN's items).
   */
  readonly unordered?: boolean | "pairs" | "deep";
  /** Both raw replies must match this, and need not be equal (random or timed replies). */
  readonly pattern?: RegExp;
  /** Anything goes as long as both answer (server information). */
  readonly ignore?: boolean;
}

/** Whether two raw replies are the same as far as the comparison asks. */
export function sameReply(left: string, right: string, comparison: Comparison = {}): boolean {
  if (comparison.ignore) return true;
  if (comparison.pattern !== undefined) {
    return matches(left, comparison.pattern) && matches(right, comparison.pattern);
  }
  if (left === right) return true;
  const unordered = comparison.unordered;
  if (unordered === undefined || unordered === false) return false;
  return canonical(parseReply(left), unordered) === canonical(parseReply(right), unordered);
}

function matches(raw: string, pattern: RegExp): boolean {
  pattern.lastIndex = 0; // a global expression would remember where it stopped
  return pattern.test(raw);
}

/** A text that is equal for replies that differ only in what `unordered` allows. */
function canonical(reply: Reply, unordered: boolean | "pairs" | "deep"): string {
  const inner = unordered === "deep" ? "deep" : false;
  if (reply.type === "map") {
    const entries = reply.entries.map(([key, value]) =>
      `${canonical(key, inner)}=>${canonical(value, inner)}`
    );
    return `map[${(unordered === false ? entries : entries.sort()).join(",")}]`;
  }
  if (reply.type === "attribute") {
    const map = canonical({ type: "map", entries: reply.entries }, inner);
    return `attribute(${map},${canonical(reply.reply, unordered)})`;
  }
  if (!("items" in reply)) return exact(reply);
  let items = reply.items.map((item) => canonical(item, inner));
  if (unordered === "pairs" && items.length % 2 === 0) {
    items = items.flatMap((item, i) => i % 2 === 0 ? [`${item}=>${items[i + 1]}`] : []);
  }
  return `${reply.type}[${(unordered === false ? items : items.sort()).join(",")}]`;
}

/** A reply without parts, so that no two different ones look alike. */
function exact(reply: Reply): string {
  const words = Object.entries(reply).map(([name, value]) => `${name}:${String(value)}`);
  return JSON.stringify(words);
}
