export type { LowWaterMarkOptions } from './graph/low-water-mark.ts';
export { LowWaterMark } from './graph/low-water-mark.ts';
export type { Clock, TimerHandle } from './time/clock.ts';
export { setDefaultClock, systemClock } from './time/clock.ts';
export type { Duration, DurationFields } from './time/duration.ts';
export { parseDuration } from './time/duration.ts';
export type { MarbleOptions, MarbleTarget, RecordableStream, Timed } from './time/marbles.ts';
export { parseMarbles, playMarbles, recordTimed } from './time/marbles.ts';
export { VirtualClock } from './time/virtual-clock.ts';
