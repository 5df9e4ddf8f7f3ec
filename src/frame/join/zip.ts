import { checkCount, checkOptions } from '../checks.ts';
import type { Table } from '../output/table.ts';
import type { PlanNode } from '../plan/plan-node.ts';
import {
  after,
  columnsBeside,
  inputOf,
  type JoinInput,
  joinedFrame,
  type Settled,
} from './joined.ts';
import { WaitingRows } from './waiting-rows.ts';

/** Options of `zip`. */
export interface ZipRowsOptions {
  /**
   * How many rows of an input may wait for those of the others before `emit` returns a promise that
   * resolves when fewer do; 0 or more. Default: 1,000,000.
   */
  readonly maxRows?: number;
}

interface Side {
  readonly waiting: WaitingRows;
  hasEnded: boolean;
}

interface SideState {
  readonly rows: readonly Table[];
  readonly hasEnded: boolean;
}

const MAX_ROWS = 1_000_000;

/** Rows of several nodes side by side, the first with the first, whatever batches they come in. */
export function zipRows(nodes: readonly PlanNode[], options: ZipRowsOptions | undefined): unknown {
  checkOptions('zip', options, ['maxRows']);
  const maxRows = checkCount('zip', 'maxRows', options?.maxRows ?? MAX_ROWS, 0);
  const columns = columnsBeside('zip', ...nodes.map((node) => node.columns));
  return joinedFrame('zip', columns, (emit, end) => {
    const sides: Side[] = nodes.map(() => ({
      waiting: new WaitingRows(maxRows),
      hasEnded: false,
    }));

    const advance = (): Settled => {
      let settled: Settled;
      for (;;) {
        const rows = Math.min(...sides.map(({ waiting }) => waiting.together));
        if (rows === 0) return settled;
        const parts = sides.map(({ waiting }) => waiting.take(rows));
        const values = parts.flatMap((part) => part.columns.map(inputOf));
        settled = after(settled, () => emit(values));
      }
    };

    /** How many rows that come now go out together, before any others. */
    const partnersOf = (side: Side) =>
      side.waiting.rows > 0
        ? 0
        : Math.min(...sides.map((each) => (each === side ? Infinity : each.waiting.together)));

    /** An input that has ended without a row left: no more rows can have partners. */
    const isOver = () => sides.some(({ hasEnded, waiting }) => hasEnded && waiting.rows === 0);

    const inputs = sides.map(
      (side, index): JoinInput => ({
        node: nodes[index]!,
        borrows: true,
        receive(rows, isBorrowed) {
          side.hasEnded = false;
          if (isOver()) return undefined;
          if (isBorrowed) side.waiting.pushBorrowed(rows, partnersOf(side));
          else side.waiting.push(rows);
          return after(advance(), () => {
            if (isOver()) side.waiting.clear();
            return side.waiting.room();
          });
        },
        ended() {
          side.hasEnded = true;
          if (isOver()) for (const { waiting } of sides) waiting.clear();
          if (!sides.every(({ hasEnded }) => hasEnded)) return undefined;
          for (const each of sides) {
            each.waiting.clear();
            each.hasEnded = false;
          }
          return end();
        },
      }),
    );

    return {
      inputs,
      snapshot: () =>
        sides.map(({ waiting, hasEnded }): SideState => ({ rows: waiting.snapshot(), hasEnded })),
      restore(data) {
        (data as SideState[]).forEach(({ rows, hasEnded }, i) => {
          sides[i]!.waiting.restore(rows);
          sides[i]!.hasEnded = hasEnded;
        });
      },
    };
  });
}
