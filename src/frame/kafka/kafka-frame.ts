import type { SourceState } from '../../sources/source.ts';
import { checkFunction, checkOptions } from '../checks.ts';
import { type ColumnProperties, DataFrame, DataFrameMethods } from '../data-frame.ts';
import type { RunOptions, RunResult } from '../files/run-reader.ts';
import { ColumnSource } from '../input/column-source.ts';
import type { PlanNode } from '../plan/plan-node.ts';
import type { Schema } from '../types.ts';
import { KafkaColumnsSource } from './kafka-columns-source.ts';
import { type KafkaFrameOptions, kafkaDecoding } from './kafka-options.ts';

/** What has become of the messages that a frame of Kafka has read. */
export interface KafkaFrameProgress extends RunResult {
  /** Messages without a value. */
  readonly tombstones: number;
}

/** What a frame of `DataFrame.fromKafka` can do, its column properties aside. */
export class KafkaFrameMethods<S extends Schema> extends DataFrameMethods<S> {
  readonly #source: KafkaColumnsSource;

  constructor(operator: string, topics: string | readonly string[], options: KafkaFrameOptions) {
    const decoding = kafkaDecoding(operator, options);
    const { name = operator, clock, thread = false } = options;
    const settings = { name, thread, ...(clock !== undefined && { clock }) };
    const { graph } = new ColumnSource(operator, decoding.columns, settings, true);
    const source = new KafkaColumnsSource(operator, topics, options, decoding, graph);
    super(originOf(graph.input) as unknown as S);
    this.#source = source;
  }

  /**
   * Joins the group and reads, or goes on after a stop; sinks have to be there before, as only columns that
   * they need are decoded. The promise resolves after `stop()`, and rejects with the error that failed the
   * source, after which it can be started again. One that runs is left alone and its promise returned.
   */
  start(): Promise<void> {
    return this.#source.start();
  }

  /**
   * Stops reading. Resolves when what is under way has settled (`stopTimeout` at the most), is committed,
   * and the group was left. What the plan holds back for the end of its input stays: see `end()`.
   */
  stop(): Promise<void> {
    return this.#source.stop();
  }

  /** As {@link KafkaFrameMethods.start}, until it is stopped, or `signal` is aborted: it rejects then. */
  override async run(options: RunOptions = {}): Promise<RunResult> {
    checkOptions('run', options, ['onProgress', 'signal']);
    const { onProgress, signal } = options;
    if (onProgress !== undefined) checkFunction('run', onProgress);
    signal?.throwIfAborted();
    const stop = () => void this.stop();
    signal?.addEventListener('abort', stop);
    try {
      await this.start();
    } finally {
      signal?.removeEventListener('abort', stop);
    }
    signal?.throwIfAborted();
    const { rows, batches, badRows } = this.progress;
    onProgress?.({ rows, totalRows: null });
    return { rows, batches, badRows };
  }

  /** Where the source stands. */
  get state(): SourceState {
    return this.#source.state;
  }

  /** Bytes of messages that were read and are not settled. */
  get heldBytes(): number {
    return this.#source.heldBytes;
  }

  /** What has become of the messages so far. */
  get progress(): KafkaFrameProgress {
    return { ...this.#source.counts };
  }

  /** Ends all sinks of this graph, and the source. */
  override destroy(): void {
    this.#source.destroy();
    super.destroy();
  }

  /** It reads from Kafka: nothing can be emitted into it. */
  override emit(): never {
    throw new TypeError(
      `Cannot emit into frame '${this.#source.name ?? 'fromKafka'}': it reads Kafka`,
    );
  }
}

/** A frame of `DataFrame.fromKafka`. */
export type KafkaFrame<S extends Schema = Schema> = KafkaFrameMethods<S> & ColumnProperties<S>;

function originOf(node: PlanNode) {
  return { node, source: null, reader: null };
}

/** Makes a frame of the messages of Kafka. */
export function kafkaFrame(
  operator: string,
  topics: string | readonly string[],
  options: KafkaFrameOptions,
): KafkaFrame {
  return new KafkaFrameMethods(operator, topics, options) as unknown as KafkaFrame;
}

// Here, and not where the others are: sources are streams, and these are made with frames.
Object.assign(DataFrame, {
  fromKafka: (topics: string | readonly string[], options: KafkaFrameOptions) =>
    kafkaFrame('DataFrame.fromKafka', topics, options),
});
