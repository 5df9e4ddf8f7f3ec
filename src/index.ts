export { Batch } from './batch.ts';
export type { ReconnectOptions } from './connect/backoff.ts';
export { Backoff } from './connect/backoff.ts';
export { importPeer } from './connect/import-peer.ts';
export type { KafkaClientOptions } from './connect/kafka-client.ts';
export type { KafkaHeaders } from './connect/kafka-messages.ts';
export type { KafkaMessage, KafkaOptions, KafkaStart } from './connect/kafka-source.ts';
export type { ListenOptions } from './connect/listen.ts';
export type { MessageOptions } from './connect/message-source.ts';
export type { MqttClientOptions } from './connect/mqtt-options.ts';
export type { NatsClientOptions } from './connect/nats-options.ts';
export type { PostgresClientOptions } from './connect/postgres-client.ts';
export type { PostgresChange, PostgresRow } from './connect/postgres-replication.ts';
export type { RabbitMQClientOptions, RabbitMQQueueOptions } from './connect/rabbitmq-client.ts';
export type { Session } from './connect/reconnect.ts';
export { reconnecting } from './connect/reconnect.ts';
export type { RedisClientOptions } from './connect/redis-client.ts';
export type { WebSocketClientOptions } from './connect/web-socket.ts';
export type { KernelInput, KernelOutput } from './device/chains.ts';
export type { AdapterOptions, GpuInfo, GpuStatus, NoGpu } from './device/gpu.ts';
export { gpuStatus } from './device/gpu.ts';
export { KernelRun } from './device/kernel-run.ts';
export type {
  AssignOptions,
  CorrelationOptions,
  HistogramOptions,
  NearestOptions,
  Neighbours,
  Reduction,
  RollingKernels,
  SortOptions,
  TopKOptions,
  TopRows,
} from './device/kernels.ts';
export { Kernels, kernels } from './device/kernels.ts';
export type { Elements, Elementwise, MapOptions } from './device/map-step.ts';
export type { Device, DeviceOptions } from './device/options.ts';
export { MillraceError } from './errors.ts';
export { CustomNode } from './extension/custom-node.ts';
export type { Plugin, PluginOptions } from './extension/load-plugins.ts';
export { loadPlugins } from './extension/load-plugins.ts';
export type { NodeClass, RegisterOptions } from './extension/register-api.ts';
export type { AggregateName, Interpolation } from './frame/aggregate/aggregate.ts';
export type { QuantileOptions, SpreadOptions } from './frame/aggregate/column-aggregates.ts';
export { ColumnAggregates } from './frame/aggregate/column-aggregates.ts';
export type { CountOptions, EmittedGroups } from './frame/aggregate/count-options.ts';
export type { EwmOptions, EwmSpreadOptions, WeightedMean } from './frame/aggregate/ewm.ts';
export type { AggregateSpec } from './frame/aggregate/frame-aggregates.ts';
export { FrameAggregates } from './frame/aggregate/frame-aggregates.ts';
export type { ColumnSink, SinkOptions } from './frame/column-node.ts';
export type { Computed } from './frame/compute.ts';
export type { ArrowData } from './frame/data-frame.ts';
export { DataFrame } from './frame/data-frame.ts';
export type { CastOptions } from './frame/expression/series-functions.ts';
export type { Then, When } from './frame/expression/when.ts';
export { coalesce, greatest, least, when } from './frame/expression/when.ts';
export type {
  ArrowOptions,
  BadRow,
  BadRowPolicy,
  CsvOptions,
  NdjsonOptions,
  ParquetOptions,
} from './frame/files/file-options.ts';
export type { ByteStream, FilePaths } from './frame/files/file-source.ts';
export type { RunOptions, RunProgress, RunResult } from './frame/files/run-reader.ts';
export type { GroupKey } from './frame/group/group-by.ts';
export { GroupBy, GroupedColumn } from './frame/group/group-by.ts';
export type { GroupByOptions, WindowGroupOptions } from './frame/group/group-options.ts';
export type { BatchOptions, ColumnSourceOptions } from './frame/input/column-source.ts';
export type { AsofJoinOptions } from './frame/join/asof-join.ts';
export type { JoinLatestOptions } from './frame/join/join-latest.ts';
export type { ZipRowsOptions } from './frame/join/zip.ts';
export type {
  KafkaFrame,
  KafkaFrameProgress,
} from './frame/kafka/kafka-frame.ts';
export { KafkaFrameMethods } from './frame/kafka/kafka-frame.ts';
export type {
  BadMessage,
  Included,
  KafkaFields,
  KafkaFormat,
  KafkaFrameOptions,
  KafkaInclude,
  KafkaSchema,
} from './frame/kafka/kafka-options.ts';
export { Column } from './frame/output/column.ts';
export type { LiveOptions } from './frame/output/live.ts';
export { LiveView } from './frame/output/live.ts';
export { Table } from './frame/output/table.ts';
export type { ThreadOptions } from './frame/plan/thread-options.ts';
export { Scalar } from './frame/scalar.ts';
export type { FillOptions } from './frame/series.ts';
export { Series } from './frame/series.ts';
export { Summary } from './frame/summary.ts';
export type {
  ColumnInput,
  ColumnType,
  FloatType,
  InputColumns,
  InputOf,
  InputRow,
  IntegerType,
  NumericType,
  RowOf,
  Schema,
  ValueOf,
  ValuesOf,
} from './frame/types.ts';
export type { Aggregation, GroupResult } from './frame/user/user-aggregate.ts';
export type { ApplyOptions } from './frame/user/user-apply.ts';
export type { TimePartitionOptions } from './frame/window/framed-windows.ts';
export { FramedWindow } from './frame/window/framed-windows.ts';
export type { ReorderOptions } from './frame/window/reorder.ts';
export type { TimeColumn } from './frame/window/time-column.ts';
export type {
  FullWindowOptions,
  RollingExtent,
  RollingOptions,
  WindowOptions,
} from './frame/window/windows.ts';
export type { ByteLimit } from './graph/byte-limit.ts';
export { estimateBytes } from './graph/byte-limit.ts';
export type {
  DeadLetter,
  DeadLetterTarget,
  ErrorPolicy,
  FinalPolicy,
  RetryOptions,
} from './graph/error-policy.ts';
export type { LowWaterMarkOptions } from './graph/low-water-mark.ts';
export { LowWaterMark } from './graph/low-water-mark.ts';
export type { Metadata, Reference } from './graph/metadata.ts';
export { Acknowledgement } from './graph/metadata.ts';
export type { EmitOptions, StopOptions } from './graph/node.ts';
export type { ErrorHandler, Failure } from './graph/uncaught.ts';
export type { DrawingAttributes } from './observe/drawing.ts';
export type { MimeBundle } from './observe/jupyter.ts';
export type { AccumulateOptions } from './operators/accumulate.ts';
export type { AsyncContext } from './operators/async-call.ts';
export type { BufferOptions, Overflow } from './operators/buffer.ts';
export type { CollectorCache, CollectorOptions } from './operators/collect.ts';
export type { DelayOptions } from './operators/delay.ts';
export type { FrequenciesOptions } from './operators/frequencies.ts';
export { FrequencyTable } from './operators/frequency-table.ts';
export type { ElementKey } from './operators/key.ts';
export type {
  Learner,
  Metric,
  Predictor,
  Sample,
  TrainOptions,
  Transformer,
} from './operators/learning.ts';
export { Literal, literal } from './operators/literal.ts';
export type { MapAsyncOptions } from './operators/map-async.ts';
export type { PartitionOptions } from './operators/partition.ts';
export type { PartitionUniqueOptions } from './operators/partition-unique.ts';
export type { SlidingWindowOptions } from './operators/sliding-window.ts';
export type { TimedWindowOptions } from './operators/timed-window.ts';
export type { TimedWindowUniqueOptions } from './operators/timed-window-unique.ts';
export type { UniqueOptions } from './operators/unique.ts';
export type { ZipOptions } from './operators/zip.ts';
export type { ZipLatestOptions } from './operators/zip-latest.ts';
export type {
  BatchingOptions,
  SinkBatch,
  SinkBatchOptions,
  SinkContext,
} from './sinks/batch-sink.ts';
export { PartialWriteError, Sink } from './sinks/batch-sink.ts';
export type { RotationOptions } from './sinks/rotation.ts';
export type { ConsoleOptions } from './sinks/to-console.ts';
export { ConsoleSink, toConsole } from './sinks/to-console.ts';
export type {
  CsvFilesSinkOptions,
  FilesSinkOptions,
  WritableTable,
  WrittenFile,
} from './sinks/to-files.ts';
export {
  FilesSink,
  toArrowFiles,
  toCsvFiles,
  toNdjsonFiles,
  toParquetFiles,
} from './sinks/to-files.ts';
export type { HttpSinkOptions } from './sinks/to-http.ts';
export { HttpSink, toHttp } from './sinks/to-http.ts';
export type { KafkaHeaderValue, KafkaReceipt, KafkaSinkOptions } from './sinks/to-kafka.ts';
export { KafkaSink, toKafka } from './sinks/to-kafka.ts';
export type { MqttSinkOptions } from './sinks/to-mqtt.ts';
export { MqttSink, toMqtt } from './sinks/to-mqtt.ts';
export type { NatsReceipt, NatsSinkOptions } from './sinks/to-nats.ts';
export { NatsSink, toNats } from './sinks/to-nats.ts';
export type { InteropObservable, Observer, Subscription } from './sinks/to-observable.ts';
export type { PostgresSinkOptions } from './sinks/to-postgres.ts';
export { PostgresSink, toPostgres } from './sinks/to-postgres.ts';
export type { RabbitMQSinkOptions, RabbitMQTarget } from './sinks/to-rabbitmq.ts';
export { RabbitMQSink, toRabbitMQ } from './sinks/to-rabbitmq.ts';
export type { RedisFields, RedisStreamSinkOptions } from './sinks/to-redis-stream.ts';
export { RedisStreamSink, toRedisStream } from './sinks/to-redis-stream.ts';
export type { TextFileSinkOptions } from './sinks/to-text-file.ts';
export { TextFileSink, toTextFile } from './sinks/to-text-file.ts';
export type {
  WebSocketFormat,
  WebSocketServerSinkOptions,
  WebSocketSinkOptions,
} from './sinks/to-web-socket.ts';
export {
  toWebSocket,
  toWebSocketServer,
  WebSocketServerSink,
  WebSocketSink,
} from './sinks/to-web-socket.ts';
export type { IntakeOptions } from './sinks/to-writable.ts';
export type { QueueOptions } from './sources/bounded-queue.ts';
export { BoundedQueue } from './sources/bounded-queue.ts';
export type { TextEncoding, TextOptions } from './sources/delimited-text.ts';
export type { FilenamesOptions } from './sources/filenames.ts';
export { FilenamesSource, filenames } from './sources/filenames.ts';
export type { EventEmitterLike, EventsOptions, EventTargetLike } from './sources/from-events.ts';
export { EventSource, fromEvents } from './sources/from-events.ts';
export type {
  BodyOf,
  HttpBody,
  HttpRequest,
  HttpServerOptions,
} from './sources/from-http-server.ts';
export { fromHttpServer, HttpSource } from './sources/from-http-server.ts';
export { fromIterable, IterableSource } from './sources/from-iterable.ts';
export { fromKafka, KafkaSource } from './sources/from-kafka.ts';
export type {
  KafkaBatchedFrameOptions,
  KafkaBatchedOptions,
} from './sources/from-kafka-batched.ts';
export { fromKafkaBatched, KafkaBatchedSource } from './sources/from-kafka-batched.ts';
export type { MqttMessage, MqttOptions } from './sources/from-mqtt.ts';
export { fromMqtt, MqttSource } from './sources/from-mqtt.ts';
export type { NatsMessage, NatsOptions } from './sources/from-nats.ts';
export { fromNats, NatsSource } from './sources/from-nats.ts';
export type { ObservableInput } from './sources/from-observable.ts';
export { fromObservable, ObservableSource } from './sources/from-observable.ts';
export { fromPeriodic, PeriodicSource } from './sources/from-periodic.ts';
export type {
  PostgresOptions,
  PostgresPublication,
  PostgresQuery,
} from './sources/from-postgres.ts';
export { fromPostgres, PostgresSource } from './sources/from-postgres.ts';
export type { ProcessOptions } from './sources/from-process.ts';
export { fromProcess, ProcessSource } from './sources/from-process.ts';
export { fromQueue, QueueSource } from './sources/from-queue.ts';
export type { RabbitMQMessage, RabbitMQOptions } from './sources/from-rabbitmq.ts';
export { fromRabbitMQ, RabbitMQSource } from './sources/from-rabbitmq.ts';
export type { RedisEntry, RedisStreamOptions } from './sources/from-redis-stream.ts';
export { fromRedisStream, RedisStreamSource } from './sources/from-redis-stream.ts';
export type { TcpOptions } from './sources/from-tcp.ts';
export { fromTcp, TcpSource } from './sources/from-tcp.ts';
export type { TextFileOptions } from './sources/from-text-file.ts';
export { fromTextFile, TextFileSource } from './sources/from-text-file.ts';
export type {
  WebSocketMessage,
  WebSocketOptions,
  WebSocketReadOptions,
  WebSocketServerOptions,
} from './sources/from-web-socket.ts';
export {
  fromWebSocket,
  WebSocketServerSource,
  WebSocketSource,
} from './sources/from-web-socket.ts';
export type { PushOptions, Receiver } from './sources/push-source.ts';
export { PushSource } from './sources/push-source.ts';
export type { SourceOptions, SourceRun, SourceState } from './sources/source.ts';
export { Source } from './sources/source.ts';
export type {
  CombineLatestOptions,
  Joined,
  JoinedAll,
  StreamOptions,
  StreamSnapshot,
} from './stream.ts';
export { Collector, Stream } from './stream.ts';
export type { Clock, TimerHandle } from './time/clock.ts';
export { setDefaultClock, systemClock } from './time/clock.ts';
export type { Duration, DurationFields } from './time/duration.ts';
export { parseDuration } from './time/duration.ts';
export type { MarbleOptions, MarbleTarget, RecordableStream, Timed } from './time/marbles.ts';
export { parseMarbles, playMarbles, recordTimed } from './time/marbles.ts';
export { VirtualClock } from './time/virtual-clock.ts';
