export type { Clock, TimerHandle } from './time/clock.ts';
export { setDefaultClock, systemClock } from './time/clock.ts';
export type { Duration, DurationFields } from './time/duration.ts';
export { parseDuration } from './time/duration.ts';
export { VirtualClock } from './time/virtual-clock.ts';
