import type { KernelInput, KernelOutput, StepSpec } from '../../device/chains.ts';
import { KernelRun } from '../../device/kernel-run.ts';
import { writtenExpr } from '../../device/map-step.ts';
import type { DeviceOptions } from '../../device/options.ts';
import { MillraceError } from '../../errors.ts';
import type { InputDescription, TypedArray } from '../../native/plan.ts';
import { firstMissing } from '../compute.ts';
import { corrupt } from '../state/snapshot.ts';
import type { Agg, Expr, PlanColumn, PlanNode } from './plan-node.ts';

/** What runs beside the plan for one column of a node: its results are a column of the plan's input. */
interface Kernel {
  readonly run: KernelRun<Float32Array>;
  /** Which columns of the input it reads. */
  readonly reads: readonly number[];
  readonly column: PlanColumn;
  /** How many of the first rows have no result. */
  readonly lead: number;
  /** How many of them were not seen yet. */
  missing: number;
}

/** Steps over columns of the input, or why there are none. */
type Steps =
  | { readonly steps: StepSpec[]; readonly reads: number[]; readonly lead: number }
  | string;

/** The functions of windows that there are kernels for. */
const ROLLING: ReadonlySet<string> = new Set(['sum', 'mean', 'min', 'max', 'var', 'std']);
const CUMULATIVE: ReadonlySet<unknown> = new Set(['sum', 'min', 'max']);
/** Nodes that only show columns, of which nobody asks where they are computed. */
const SILENT: ReadonlySet<string> = new Set(['input', 'project', 'frame']);

/**
 * The nodes of a graph that are computed by kernels: before each batch goes into the plan, whose input gets
 * their results as columns of its own, so that rows stay beside each other. What there is no kernel for
 * stays in the plan.
 */
export class DeviceNodes {
  readonly operator = 'device';
  readonly #input: PlanNode;
  /** Those of the graph; a node may have its own. */
  readonly #options: DeviceOptions;
  /** Why nothing of this graph can be computed beside its plan. */
  readonly #obstacle: string | undefined;
  readonly #kernels: Kernel[] = [];
  /** The kernels of a node, or why it has none. */
  readonly #known = new Map<PlanNode, readonly Kernel[] | string>();

  constructor(input: PlanNode, options: DeviceOptions, obstacle: string | undefined) {
    this.#input = input;
    this.#options = options;
    this.#obstacle = obstacle;
  }

  /** Whether there are kernels at all. */
  get isUsed(): boolean {
    return this.#kernels.length > 0;
  }

  /** The columns that kernels add to the input, in order. */
  get columns(): readonly PlanColumn[] {
    return this.#kernels.map(({ column }) => column);
  }

  /** Whether a column of the input is read by a kernel. */
  reads(column: number): boolean {
    return this.#kernels.some(({ reads }) => reads.includes(column));
  }

  /** A node's operator as the plan has it: where kernels compute it, what shows their results. */
  specOf(node: PlanNode): Readonly<Record<string, unknown>> {
    const kernels = this.#kernelsOf(node);
    if (typeof kernels === 'string') return node.spec;
    const exprs = kernels.map(({ column }) => ({ of: this.#input, col: column.name }));
    if (node.kind === 'series') {
      return { op: 'project', expr: exprs[0], name: node.columns[0]!.name };
    }
    const columns = node.columns.map(({ name }, i) => ({ name, expr: exprs[i] }));
    return { op: 'frame', columns };
  }

  /** Where a node is computed and why; nothing for one of which nobody has asked. */
  where(node: PlanNode): string {
    const known = this.#known.get(node);
    if (known === undefined || SILENT.has(node.op) || !this.#isAsked(node)) return '';
    if (typeof known === 'string') return `; on the cpu: ${known}`;
    return `; kernels, ${[...new Set(known.map(({ run }) => run.explain()))].join('; ')}`;
  }

  /**
   * Runs the kernels over a batch, and returns its buffers with theirs. Throws where a value is missing:
   * nothing has changed then.
   */
  run(
    rows: number,
    buffers: readonly (TypedArray | null)[],
    input: readonly InputDescription[],
  ): { buffers: readonly (TypedArray | null)[]; undo: () => void } {
    const { columns } = this.#input;
    const places = placesOf(columns, input);
    const taken = this.#kernels.map(({ reads }) =>
      reads.map((column) => taking(columns[column]!, rows, buffers, places[column]!)),
    );
    const before = this.snapshot();
    const undo = () => this.restore(before);
    const all = [...buffers];
    try {
      this.#kernels.forEach((kernel, i) => {
        all.push(...padded(kernel, rows, kernel.run.push(...taken[i]!)));
      });
    } catch (error) {
      undo();
      throw error;
    }
    return { buffers: all, undo };
  }

  /** The state of the kernels. */
  snapshot(): { missing: number; state: Uint8Array }[] {
    return this.#kernels.map(({ run, missing }) => ({ missing, state: run.snapshot() }));
  }

  /** Puts a state back. */
  restore(data: unknown): void {
    if (!Array.isArray(data) || data.length !== this.#kernels.length) {
      throw corrupt(`it has not the states of ${this.#kernels.length} kernels`);
    }
    this.#kernels.forEach((kernel, i) => {
      const { missing, state } = data[i] as { missing: number; state: Uint8Array };
      if (!Number.isSafeInteger(missing) || missing < 0 || missing > kernel.lead) {
        throw corrupt(`a kernel has ${kernel.lead} first rows without a result`);
      }
      kernel.run.restore(state);
      kernel.missing = missing;
    });
  }

  #isAsked(node: PlanNode): boolean {
    const { device = 'cpu' } = this.#optionsOf(node);
    return device !== 'cpu';
  }

  #optionsOf(node: PlanNode): DeviceOptions {
    return (node.spec.device as DeviceOptions | undefined) ?? this.#options;
  }

  #kernelsOf(node: PlanNode): readonly Kernel[] | string {
    let known = this.#known.get(node);
    if (known === undefined) {
      known = this.#isAsked(node) ? this.#find(node) : 'asked for';
      this.#known.set(node, known);
      if (typeof known !== 'string') this.#kernels.push(...known);
    }
    return known;
  }

  #find(node: PlanNode): readonly Kernel[] | string {
    if (this.#obstacle !== undefined) return this.#obstacle;
    const options = this.#optionsOf(node);
    const kernels: Kernel[] = [];
    for (const [i, { type }] of node.columns.entries()) {
      const steps = this.#steps(node, i, options);
      if (typeof steps === 'string') return steps;
      const { reads, lead } = steps;
      const run = started(steps.steps, options);
      if (typeof run === 'string') return run;
      const name = `\u0000kernel ${this.#kernels.length + kernels.length}`;
      kernels.push({ run, reads, lead, missing: lead, column: { name, type } });
    }
    return kernels;
  }

  /** The steps that yield one column of a node. */
  #steps(node: PlanNode, i: number, options: DeviceOptions): Steps {
    const { op, spec } = node;
    if (op === 'cumulative' && CUMULATIVE.has(spec.fn)) {
      const step = { op: 'cumulative', fn: spec.fn };
      return this.#over({ of: spec.input as PlanNode }, step, 0, options);
    }
    if (op !== 'rolling') return `there is no kernel for ${op}`;
    const { n, minPeriods } = spec as { n: number; minPeriods: number };
    const agg = (spec.aggs as readonly Agg[])[i]!;
    const fn = rollingFunction(agg, n);
    if (fn === undefined) return `there is no kernel for rolling.${agg.fn} of this kind`;
    if (minPeriods !== n) return 'minPeriods is not n, and kernels are over full windows';
    return this.#over(agg.column!, { op: 'rolling', fn, n }, n - 1, options);
  }

  /** A step over what an expression yields. */
  #over(expr: Expr, step: StepSpec, lead: number, { precision }: DeviceOptions): Steps {
    const { columns } = this.#input;
    const reads: number[] = [];
    let obstacle: string | undefined;
    const column = (node: PlanNode, name: string | undefined): unknown => {
      const shown = shownBy(node, name);
      if (shown !== undefined) return writtenExpr(shown, column);
      const place = columns.findIndex((one) => one.name === name);
      if (node !== this.#input || place < 0) {
        obstacle ??= `it reads what ${node.op} yields, and kernels read columns as they come in`;
        return null;
      }
      const { type } = columns[place]!;
      if (type !== 'f32' && !(type === 'f64' && precision === 'f32')) {
        obstacle ??=
          type === 'f64'
            ? `column '${name}' is f64, which kernels take with precision: 'f32'`
            : `column '${name}' is ${type}, and kernels take f32`;
      }
      if (!reads.includes(place)) reads.push(place);
      return { of: 0, col: name };
    };
    const written = writtenExpr(expr, column) as { readonly op?: string };
    if (obstacle !== undefined) return obstacle;
    if (written.op === undefined) return { steps: [step], reads, lead };
    const names = reads.map((place) => columns[place]!.name);
    return { steps: [{ op: 'map', columns: names, exprs: [written] }, step], reads, lead };
  }
}

/** A run of the steps, or why there is none on the device that is asked for. */
function started(steps: StepSpec[], options: DeviceOptions): KernelRun<Float32Array> | string {
  const read = (columns: readonly KernelOutput[]) => columns[0] as Float32Array;
  try {
    return new KernelRun(steps, options, read);
  } catch (error) {
    const { code } = error as MillraceError;
    if (code === 'ERR_TYPE_MISMATCH' || code === 'ERR_INVALID_ARGUMENT') {
      return (error as Error).message;
    }
    if (!(error instanceof MillraceError) || !code.startsWith('ERR_GPU_')) throw error;
    return error.message;
  }
}

/** The expression behind a column of a node that shows it as it is. */
function shownBy({ op, spec }: PlanNode, name: string | undefined): Expr | undefined {
  if (op === 'project') return spec.expr as Expr;
  if (op !== 'frame') return undefined;
  const columns = spec.columns as readonly { name: string; expr: Expr }[];
  return columns.find((column) => column.name === name)?.expr;
}

/** What the kernel of a rolling aggregate computes. */
function rollingFunction(agg: Agg, n: number): unknown {
  const { fn, ddof = 1, q, interpolation = 'linear' } = agg;
  if (fn === 'median') return { quantile: { q: 0.5 } };
  if (fn === 'quantile') return interpolation === 'linear' ? { quantile: { q } } : undefined;
  const spread = fn === 'var' || fn === 'std';
  return ROLLING.has(fn) && !(spread && (ddof !== 1 || n === 1)) ? fn : undefined;
}

/** Where the buffers of each column begin among those of a batch. */
function placesOf(columns: readonly PlanColumn[], input: readonly InputDescription[]): number[] {
  let next = 0;
  return columns.map(({ type }, c) => {
    const place = next;
    next += type !== 'utf8' ? 2 : input[c]!.dictionary === null ? 3 : 4;
    return place;
  });
}

/** The values of a column that lacks none. */
function taking(
  { name }: PlanColumn,
  rows: number,
  buffers: readonly (TypedArray | null)[],
  place: number,
): KernelInput {
  const validity = buffers[place + 1] as Uint8Array | null;
  if (validity !== null) {
    const row = firstMissing(validity);
    if (row < rows) {
      throw new TypeError(
        `Cannot compute column '${name}' on a device: row ${row} is missing; fill or drop what is missing before, or compute it on the cpu`,
      );
    }
  }
  return (buffers[place] as KernelInput).subarray(0, rows);
}

/** Results as a column of the batch: first rows have none. */
function padded(
  kernel: Kernel,
  rows: number,
  results: Float32Array,
): [TypedArray, Uint8Array | null] {
  const missing = Math.min(kernel.missing, rows);
  kernel.missing -= missing;
  const Typed = kernel.column.type === 'f32' ? Float32Array : Float64Array;
  if (missing === 0 && results instanceof Typed) return [results, null];
  const values = new Typed(rows);
  values.set(results, missing);
  if (missing === 0) return [values, null];
  const validity = new Uint8Array((rows + 7) >> 3).fill(0xff);
  for (let row = 0; row < missing; row++) validity[row >> 3]! &= ~(1 << (row & 7));
  return [values, validity];
}
