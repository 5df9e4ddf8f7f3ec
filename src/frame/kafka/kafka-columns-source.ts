import type { KafkaRead, SendElement } from '../../connect/kafka-reader.ts';
import { KafkaMessageSource, type KafkaOptions } from '../../connect/kafka-source.ts';
import type { MessageRun } from '../../connect/message-source.ts';
import { MillraceError } from '../../errors.ts';
import { Acknowledgement } from '../../graph/metadata.ts';
import type { EmitOptions } from '../../graph/node.ts';
import type { DecodedRows } from '../../native/plan.ts';
import { tellBadRow } from '../files/file-options.ts';
import { settlingBy } from '../output/settling.ts';
import type { Graph } from '../plan/graph.ts';
import {
  type BadMessage,
  KAFKA_FRAME_OPTIONS,
  type KafkaDecoding,
  type KafkaFrameOptions,
} from './kafka-options.ts';

/** A batch of one partition on its way into a plan. */
export interface KafkaRows {
  readonly topic: string;
  readonly partition: number;
  /** Offsets of its first and last message. */
  readonly first: number;
  readonly last: number;
  readonly rows: DecodedRows;
  readonly bad: readonly BadMessage[];
}

/** What has become of the messages so far. */
export interface KafkaProgressCounts {
  rows: number;
  batches: number;
  badRows: number;
  tombstones: number;
}

/**
 * The messages of Kafka as batches of columns, put straight into a plan: what a frame of Kafka is started
 * and stopped by. An element is acknowledged when the results of its batch are done with.
 */
export class KafkaColumnsSource extends KafkaMessageSource<KafkaRows, never> {
  readonly counts: KafkaProgressCounts = { rows: 0, batches: 0, badRows: 0, tombstones: 0 };
  readonly #graph: Graph;
  readonly #decoding: KafkaDecoding;

  constructor(
    operator: string,
    topics: string | readonly string[],
    options: KafkaFrameOptions,
    decoding: KafkaDecoding,
    graph: Graph,
  ) {
    super(operator, topics, options as KafkaOptions<never>, KAFKA_FRAME_OPTIONS, {
      messages: decoding.batch,
      bytes: 16 * 2 ** 20,
      linger: decoding.linger,
    });
    this.#graph = graph;
    this.#decoding = decoding;
  }

  /** Runs a batch, and lets go of it when everybody is done with its results. */
  override emit(
    batch: KafkaRows,
    { acknowledge = () => undefined }: EmitOptions = {},
  ): Promise<void> | undefined {
    const acknowledgement = new Acknowledgement(acknowledge);
    acknowledgement.retain();
    const failed = (error: unknown): never => {
      acknowledgement.fail(error);
      acknowledgement.release();
      throw error;
    };
    try {
      const accepted = settlingBy(acknowledgement, () => this.#push(batch, acknowledgement));
      if (accepted !== undefined) return accepted.then(() => acknowledgement.release(), failed);
      acknowledgement.release();
      return undefined;
    } catch (error) {
      return failed(error);
    }
  }

  protected override get columns(): string {
    const plan = this.#graph.plan();
    const wanted = this.#decoding.columns.map((_, c) => {
      const input = plan?.input[c];
      if (input?.used !== true) return 0;
      return input.dictionary === null ? 1 : 2;
    });
    return JSON.stringify({ ...this.#decoding.spec, wanted });
  }

  protected override async schema(
    id: number,
    signal: AbortSignal,
  ): Promise<readonly string[] | { readonly reason: string }> {
    return this.#decoding.registry?.schema(id, signal) ?? super.schema(id, signal);
  }

  protected override async deliver(
    read: KafkaRead,
    send: SendElement<KafkaRows>,
    isOver: () => boolean,
    { fail }: MessageRun<KafkaRows>,
  ): Promise<void> {
    const { topic, partition, first, last, tombstones, refused } = read;
    const rows = read.rows!;
    const bad = refused === undefined ? [] : badMessages(refused, topic, partition);
    this.counts.tombstones += tombstones;
    const isStrict = this.#decoding.onBadRow === 'error';
    // A batch ends with the first that is no row, where that is an error.
    const wrong = isStrict ? bad[0] : undefined;
    const end = wrong === undefined ? last : wrong.offset - 1;
    if (end >= first) {
      const hasMore = rows.count > 0 || (!isStrict && bad.length > 0);
      const batch = { topic, partition, first, last: end, rows, bad: isStrict ? [] : bad };
      await send(hasMore ? batch : undefined, first, end);
    }
    if (wrong === undefined || isOver()) return;
    await fail(errorOf(wrong));
    this.counts.badRows++;
    await send(undefined, wrong.offset, wrong.offset);
  }

  #push({ rows, bad }: KafkaRows, acknowledgement: Acknowledgement): Promise<void> | undefined {
    const { counts } = this;
    const pending: unknown[] = [];
    if (rows.count > 0) {
      pending.push(this.#graph.pushRows(rows));
      counts.rows += rows.count;
      counts.batches++;
    }
    counts.badRows += bad.length;
    const options = { metadata: [{ ref: acknowledgement }] };
    for (const row of bad) pending.push(tellBadRow(this.#decoding.onBadRow, row, options));
    const waits = pending.some((one) => one !== undefined);
    return waits ? Promise.all(pending).then(() => undefined) : undefined;
  }
}

function badMessages(refused: string, topic: string, partition: number): BadMessage[] {
  const all = JSON.parse(refused) as Omit<BadMessage, 'topic' | 'partition'>[];
  return all.map(({ offset, reason, text }) => ({ topic, partition, offset, reason, text }));
}

function errorOf({ topic, partition, offset, reason }: BadMessage): MillraceError {
  return new MillraceError(
    'ERR_BAD_ROW',
    `Cannot read the Kafka topic '${topic}': partition ${partition}, offset ${offset}, ${reason}`,
  );
}
