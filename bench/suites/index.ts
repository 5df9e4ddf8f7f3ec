import type { Suite } from '../suite.ts';
import { expression, summary } from './aggregate.ts';
import { copy } from './copy.ts';
import { emit, emitMany } from './emit.ts';
import { csvFile, ndjsonFile, parquetFile } from './files.ts';
import { flights } from './flights.ts';
import { fork } from './fork.ts';
import {
  byteWords1k,
  byteWords100k,
  residentCounts,
  valueCounts1k,
  valueCounts100k,
  wordCount1k,
  wordCount100k,
  wordSnapshots,
} from './frequencies.ts';
import {
  groupBy,
  groupByFrames,
  groupByIntegers,
  groupByMany,
  groupByRecords,
} from './group-by.ts';
import { kafkaMeans, kafkaUntouched, kafkaWrite } from './kafka.ts';
import { mapAsync } from './map-async.ts';
import { partition } from './partition.ts';
import {
  rollingFrames,
  rollingMax,
  rollingMean,
  rollingMedian,
  rollingMin,
  rollingStd,
} from './rolling.ts';
import { slidingWindow } from './sliding-window.ts';
import { tcpLines } from './tcp-lines.ts';
import { zip } from './zip.ts';
import { zipColumns } from './zip-columns.ts';

/** All suites, in the order in which the table shows them. */
export const suites: readonly Suite[] = [
  emit,
  emitMany,
  slidingWindow,
  partition,
  zip,
  wordCount1k,
  wordCount100k,
  wordSnapshots,
  fork,
  mapAsync,
  tcpLines,
  copy,
  rollingMean,
  rollingStd,
  rollingMin,
  rollingMax,
  rollingMedian,
  groupBy,
  groupByIntegers,
  groupByMany,
  groupByRecords,
  rollingFrames,
  groupByFrames,
  zipColumns,
  summary,
  expression,
  byteWords1k,
  byteWords100k,
  valueCounts1k,
  valueCounts100k,
  residentCounts,
  ndjsonFile,
  csvFile,
  parquetFile,
  kafkaMeans,
  kafkaUntouched,
  kafkaWrite,
  flights,
];
