/** What one client is subscribed to. Who is subscribed to a channel is the affair of `server/pubsub`. */

/** What a subscription names: a channel, a pattern of channels, or a shard channel. */
export type SubscriptionKind = "channel" | "pattern" | "shard";

/** The subscriptions of a client: names as latin1, in the order of subscribing. */
export class Subscriptions {
  readonly channel = new Set<string>();
  readonly pattern = new Set<string>();
  readonly shard = new Set<string>();

  /** All of them. */
  get count(): number {
    return this.channel.size + this.pattern.size + this.shard.size;
  }

  /** The number that replies to (un)subscribing tell: shard channels are counted apart. */
  countOf(kind: SubscriptionKind): number {
    return kind === "shard" ? this.shard.size : this.channel.size + this.pattern.size;
  }
}
