import { type Duration, parseDuration } from '../../time/duration.ts';
import { checkCount, checkNanoseconds, checkOptions, shown } from '../checks.ts';
import type { Column } from '../output/column.ts';
import type { Table } from '../output/table.ts';
import type { PlanColumn, PlanNode } from '../plan/plan-node.ts';
import type { ColumnType } from '../types.ts';
import { isNumeric } from '../types.ts';
import { checkColumns } from './check-columns.ts';
import {
  after,
  columnsBeside,
  inputOf,
  type JoinInput,
  joinedFrame,
  rawReader,
  type Settled,
} from './joined.ts';
import { columnsBut, columnsOf, keyReader, type RowValues, rowReader } from './matched-rows.ts';
import { WaitingRows } from './waiting-rows.ts';

/** Options of `asofJoin`. */
export interface AsofJoinOptions<P extends string = string> {
  /** The column of both frames that orders their rows: of times or numbers, which never go back. */
  readonly on: P;
  /** Columns of both frames whose values partners have in common. */
  readonly by?: P | readonly P[];
  /**
   * How far back the partner may lie: a {@link Duration} where `on` is a timestamp, else a number; 0 or
   * more. Default: any distance.
   */
  readonly tolerance?: Duration;
  /**
   * How many rows of either frame may wait for the other before `emit` returns a promise that resolves
   * when fewer do; 0 or more. Default: 1,000,000.
   */
  readonly maxRows?: number;
}

/** A place in the order: nanoseconds or a number. */
type Place = number | bigint;

/** A row of the right side, and where it stands. */
interface Match {
  readonly place: Place;
  readonly values: RowValues;
}

interface SideState {
  readonly rows: readonly Table[];
  readonly last: Place | undefined;
  readonly hasEnded: boolean;
}

interface AsofState {
  readonly asking: SideState;
  readonly offering: SideState;
  readonly latest: ReadonlyMap<unknown, Match>;
}

const MAX_ROWS = 1_000_000;
const ORDERED = 'a timestamp or a number';

/** Every row of `left` with the last row of `right` at its place in the order or before. */
export function asofJoin(
  left: PlanNode,
  right: PlanNode,
  options: AsofJoinOptions | undefined,
): unknown {
  const operator = 'asofJoin';
  checkOptions(operator, options ?? null, ['on', 'by', 'tolerance', 'maxRows']);
  const { on, by, tolerance, maxRows = MAX_ROWS } = options as AsofJoinOptions;
  checkCount(operator, 'maxRows', maxRows, 0);
  if (typeof on !== 'string') {
    throw new TypeError(`Cannot create ${operator}: on must name a column, got ${shown(on)}`);
  }
  checkColumns(operator, 'on', on, left, right);
  const { type } = left.columns.find(({ name }) => name === on)!;
  if (type !== 'timestamp' && !isNumeric(type)) {
    throw new TypeError(`Cannot create ${operator}: '${on}' must be ${ORDERED}, got ${type}`);
  }
  const reach = tolerance === undefined ? undefined : checkTolerance(operator, type, tolerance);
  const keys = checkColumns(operator, 'by', by, left, right);
  const added = columnsBut(right, [on, ...keys]);
  const columns = columnsBeside(operator, left.columns, added);

  return joinedFrame(operator, columns, (emit, end) => {
    const asking = new Side(operator, 'left', maxRows, (table) => new Rows(table, on, keys, []));
    const offering = new Side(operator, 'right', maxRows, (t) => new Rows(t, on, keys, added));
    /** The last row of each key so far in the order, and where it stands. */
    const latest = new Map<unknown, Match>();

    /** Passes the rows of `right` that stand at `place` or before. */
    const pass = (place: Place) => {
      while (offering.waiting.together > 0) {
        const { placeOf, keyOf, read, end } = offering.rows();
        let row = offering.waiting.at;
        const start = row;
        for (; row < end; row++) {
          const next = placeOf(row);
          if (next === undefined) continue;
          if (next > place) break;
          const key = keyOf(row);
          if (key !== undefined) latest.set(key, { place: next, values: read(row) });
        }
        offering.waiting.skip(row - start);
        if (row < end) return;
      }
    };

    /** Whether no row of `right` that is still to come can stand at `place` or before. */
    const isCertain = (place: Place) =>
      offering.hasEnded || (offering.last !== undefined && place < offering.last);

    /** Emits the rows of `left` whose partners are certain. */
    const advance = (): Settled => {
      let settled: Settled;
      while (asking.waiting.together > 0) {
        const { placeOf, keyOf, end } = asking.rows();
        const start = asking.waiting.at;
        const matches: (RowValues | undefined)[] = [];
        let row = start;
        for (; row < end; row++) {
          const place = placeOf(row);
          if (place !== undefined && !isCertain(place)) break;
          if (place !== undefined) pass(place);
          const match = place === undefined ? undefined : latest.get(keyOf(row));
          const isNear =
            match !== undefined && (reach === undefined || distance(place!, match.place) <= reach);
          matches.push(isNear ? match.values : undefined);
        }
        if (row > start) {
          const part = asking.waiting.take(row - start);
          const values = [...part.columns.map(inputOf), ...columnsOf(matches, added)];
          settled = after(settled, () => emit(values));
        }
        if (row < end) return settled;
      }
      return settled;
    };

    const endBoth = (): Settled => {
      const settled = advance();
      if (!asking.hasEnded || !offering.hasEnded) return settled;
      latest.clear();
      asking.clear();
      offering.clear();
      return after(settled, end);
    };

    /** Keeps of the right side only what rows of the left one may still want. */
    const forget = () => {
      if (asking.hasEnded && asking.waiting.rows === 0) offering.waiting.clear();
      else {
        const next = asking.waiting.rows > 0 ? asking.next() : asking.last;
        if (next !== undefined) pass(next);
      }
    };

    const inputs: JoinInput[] = [
      {
        node: left,
        receive(rows) {
          asking.push(rows);
          return after(advance(), () => {
            forget();
            return asking.waiting.room();
          });
        },
        ended() {
          asking.hasEnded = true;
          forget();
          return endBoth();
        },
      },
      {
        node: right,
        receive(rows) {
          offering.push(rows);
          return after(advance(), () => {
            forget();
            return offering.waiting.room();
          });
        },
        ended() {
          offering.hasEnded = true;
          return endBoth();
        },
      },
    ];
    return {
      inputs,
      snapshot: (): AsofState => ({
        asking: asking.snapshot(),
        offering: offering.snapshot(),
        latest: new Map(latest),
      }),
      restore(data) {
        const state = data as AsofState;
        asking.restore(state.asking);
        offering.restore(state.offering);
        latest.clear();
        for (const [key, match] of state.latest) latest.set(key, match);
      },
    };
  });
}

/** The rows of one side that wait, in their order. */
class Side {
  readonly waiting: WaitingRows;
  /** Where the last row that came stands. */
  last: Place | undefined;
  hasEnded = false;
  readonly #operator: string;
  readonly #side: string;
  readonly #read: (table: Table) => Rows;
  #rows: Rows | undefined;

  constructor(operator: string, side: string, maxRows: number, read: (table: Table) => Rows) {
    this.#operator = operator;
    this.#side = side;
    this.#read = read;
    this.waiting = new WaitingRows(maxRows);
  }

  /** Takes rows in; throws a RangeError, and takes none, where they go back in the order. */
  push(table: Table): void {
    const { on, placeOf } = this.#read(table);
    let last = this.hasEnded ? undefined : this.last;
    for (let row = 0; row < table.numRows; row++) {
      const place = placeOf(row);
      if (place === undefined) continue;
      if (last !== undefined && place < last) {
        throw new RangeError(
          `Cannot emit to ${this.#operator}: '${on}' of the ${this.#side} rows must not go back, got ${place} after ${last} in row ${row}`,
        );
      }
      last = place;
    }
    this.last = last;
    this.hasEnded = false;
    this.waiting.push(table);
  }

  /** The batch of the next row. */
  rows(): Rows {
    const { batch } = this.waiting;
    if (this.#rows?.table !== batch) this.#rows = this.#read(batch);
    return this.#rows!;
  }

  /** Where the next row stands. */
  next(): Place | undefined {
    return this.rows().placeOf(this.waiting.at);
  }

  clear(): void {
    this.restore({ rows: [], last: undefined, hasEnded: false });
  }

  snapshot(): SideState {
    return { rows: this.waiting.snapshot(), last: this.last, hasEnded: this.hasEnded };
  }

  restore({ rows, last, hasEnded }: SideState): void {
    this.waiting.restore(rows);
    this.last = last;
    this.hasEnded = hasEnded;
    this.#rows = undefined;
  }
}

/** What is read of the rows of a batch. */
class Rows {
  readonly table: Table;
  readonly on: string;
  readonly end: number;
  /** Where a row stands: undefined where that is missing or NaN. */
  readonly placeOf: (row: number) => Place | undefined;
  readonly keyOf: (row: number) => unknown;
  readonly read: (row: number) => RowValues;

  constructor(table: Table, on: string, keys: readonly string[], added: readonly PlanColumn[]) {
    this.table = table;
    this.on = on;
    this.end = table.numRows;
    const place = rawReader(table.column(on) as Column);
    this.placeOf = (row) => {
      const value = place(row) as Place | null;
      return value === null || Number.isNaN(value) ? undefined : value;
    };
    this.keyOf = keyReader(table, keys);
    this.read = rowReader(table, added);
  }
}

function distance(from: Place, to: Place): Place {
  return typeof from === 'bigint' ? from - (to as bigint) : from - (to as number);
}

function checkTolerance(operator: string, type: ColumnType, tolerance: Duration): Place {
  if (type === 'timestamp') {
    return parseDuration(tolerance, operator) === 0
      ? 0n
      : BigInt(checkNanoseconds(operator, tolerance));
  }
  if (typeof tolerance !== 'number' || !(tolerance >= 0)) {
    throw new RangeError(
      `Cannot create ${operator}: tolerance must be a number of 0 or more, got ${shown(tolerance)}`,
    );
  }
  return type === 'i64' || type === 'u64' ? BigInt(Math.floor(tolerance)) : tolerance;
}
