/**
 * A span of time: a number is milliseconds, a string carries its units (`'500ms'`, `'2 minutes'`,
 * `'1h30m'`), an object adds its fields up (`{ minutes: 1, seconds: 30 }`).
 */
export type Duration = number | string | DurationFields;

/** The object form of a {@link Duration}; missing fields count as 0. */
export interface DurationFields {
  readonly nanoseconds?: number;
  readonly microseconds?: number;
  readonly milliseconds?: number;
  readonly seconds?: number;
  readonly minutes?: number;
  readonly hours?: number;
  readonly days?: number;
  readonly weeks?: number;
}

const MILLISECONDS: Record<keyof DurationFields, number> = {
  nanoseconds: 1e-6,
  microseconds: 1e-3,
  milliseconds: 1,
  seconds: 1000,
  minutes: 60_000,
  hours: 3_600_000,
  days: 86_400_000,
  weeks: 604_800_000,
};

const UNITS = new Map<string, keyof DurationFields>([
  ...alias('nanoseconds', 'ns', 'nano', 'nanos', 'nanosecond'),
  ...alias('microseconds', 'us', 'µs', 'μs', 'micro', 'micros', 'microsecond'),
  ...alias('milliseconds', 'ms', 'milli', 'millis', 'millisecond'),
  ...alias('seconds', 's', 'sec', 'secs', 'second'),
  ...alias('minutes', 'm', 'min', 'mins', 'minute'),
  ...alias('hours', 'h', 'hr', 'hrs', 'hour'),
  ...alias('days', 'd', 'day'),
  ...alias('weeks', 'w', 'week'),
]);

function alias(unit: keyof DurationFields, ...names: string[]) {
  return [unit, ...names].map((name) => [name, unit] as const);
}

const PART = /\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-zµμ]+)\s*/giy;

/**
 * Milliseconds of a {@link Duration}: finite, 0 or more. `operator` names who asks, for the message.
 *
 * Throws a TypeError for what is no duration and a RangeError for a negative or infinite one.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { parseDuration } from 'millrace';
 *
 * assert.equal(parseDuration('1h 30 minutes'), 5_400_000);
 * assert.equal(parseDuration({ seconds: 3 }), 3000);
 * assert.equal(parseDuration(250), 250);
 * assert.throws(() => parseDuration('soon'), /500ms/);
 * ```
 */
export function parseDuration(duration: Duration, operator = 'parseDuration'): number {
  if (typeof duration === 'number') return checked(duration, duration, operator);
  if (typeof duration === 'string') return checked(fromString(duration), duration, operator);
  if (typeof duration === 'object' && duration !== null) {
    return checked(fromFields(duration), duration, operator);
  }
  throw notADuration(duration, operator);
}

function fromString(text: string): number {
  let total = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const part = PART.exec(text);
    const unit = part && UNITS.get(part[2]!.toLowerCase());
    if (!part || !unit) return Number.NaN;
    total += Number(part[1]) * MILLISECONDS[unit];
  }
  return text.trim() === '' ? Number.NaN : total;
}

function fromFields(fields: DurationFields): number {
  const entries = Object.entries(fields);
  if (entries.length === 0) return Number.NaN;
  let total = 0;
  for (const [name, value] of entries) {
    const scale = MILLISECONDS[name as keyof DurationFields];
    if (scale === undefined || typeof value !== 'number') return Number.NaN;
    total += value * scale;
  }
  return total;
}

function checked(milliseconds: number, given: Duration, operator: string): number {
  if (Number.isNaN(milliseconds)) throw notADuration(given, operator);
  if (milliseconds < 0 || milliseconds === Number.POSITIVE_INFINITY) {
    throw new RangeError(
      `Cannot create ${operator}: a duration must be finite and not negative, got ${describe(given)}`,
    );
  }
  return milliseconds;
}

function notADuration(given: unknown, operator: string): TypeError {
  return new TypeError(
    `Cannot create ${operator}: a duration must be milliseconds, a text such as '500ms' or '2 minutes', or an object such as { seconds: 3 }, got ${describe(given)}`,
  );
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return String(value);
}
