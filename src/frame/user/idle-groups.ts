/** How long groups live. */
export interface Bound {
  readonly maxGroups?: number;
  /** Nanoseconds without a row. */
  readonly ttl?: bigint;
}

/** The last row of a group: when it came, and how many rows there were then. */
interface Touch {
  readonly seen: bigint;
  readonly row: number;
}

/**
 * Groups in the order in which they had their last rows. Time only ever advances, and until there is
 * any, nothing is known of how long groups were idle. Cost for each row: constant.
 */
export class IdleGroups<G> {
  readonly #bound: Bound;
  #idle = new Map<G, Touch>();
  #now: bigint | undefined;
  #rows = 0;
  /** What was so before the batch. */
  readonly #touches = new Map<G, Touch | undefined>();
  #before: bigint | undefined;

  constructor(bound: Bound) {
    this.#bound = bound;
  }

  /** Goes on to a time; gives the groups up that have been without a row for too long then. */
  advance(time: bigint, giveUp: (group: G) => void): void {
    if (this.#now !== undefined && time <= this.#now) return;
    if (this.#now === undefined) {
      for (const [group, { row }] of this.#idle) this.#idle.set(group, { seen: time, row });
    }
    this.#now = time;
    const { ttl } = this.#bound;
    if (ttl === undefined) return;
    for (const [group, { seen }] of this.#idle) {
      if (seen + ttl > time) return;
      this.#end(group);
      giveUp(group);
    }
  }

  /** Gives the group up that there is no room for beside another one. */
  makeRoom(giveUp: (group: G) => void): void {
    if (this.#idle.size !== this.#bound.maxGroups) return;
    const longest = this.#idle.keys().next();
    if (longest.done === true) return;
    this.#end(longest.value);
    giveUp(longest.value);
  }

  /** A row of a group. */
  touch(group: G): void {
    this.#end(group);
    this.#idle.set(group, { seen: this.#now ?? 0n, row: this.#rows++ });
  }

  /** Has what was done since the last time stay. */
  commit(): void {
    this.#touches.clear();
    this.#before = this.#now;
  }

  /** Undoes what was done since the last {@link IdleGroups.commit}. */
  undo(): void {
    for (const [group, touch] of this.#touches) {
      if (touch === undefined) this.#idle.delete(group);
      else this.#idle.set(group, touch);
    }
    this.#idle = new Map([...this.#idle].sort(([, a], [, b]) => a.row - b.row));
    this.#now = this.#before;
    this.#touches.clear();
  }

  /** The groups, that with the oldest last row first, and the time. */
  snapshot(): readonly [groups: readonly (readonly [G, bigint])[], now: bigint | undefined] {
    return [[...this.#idle].map(([group, { seen }]) => [group, seen]), this.#now];
  }

  restore([groups, now]: ReturnType<IdleGroups<G>['snapshot']>): void {
    this.#idle = new Map(groups.map(([group, seen], row) => [group, { seen, row }]));
    this.#rows = groups.length;
    this.#now = now;
    this.commit();
  }

  #end(group: G): void {
    const touch = this.#idle.get(group);
    if (!this.#touches.has(group)) this.#touches.set(group, touch);
    this.#idle.delete(group);
  }
}
