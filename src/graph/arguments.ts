/** Shows a value in an error message, briefly; any value, also one that does not want to be seen. */
export function describe(value: unknown): string {
  try {
    return shown(value);
  } catch {
    return `a ${typeof value}`;
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `function ${value.name}`.trimEnd();
  if (typeof value !== 'object' || value === null) return String(value);
  const name: unknown = value.constructor?.name;
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object';
}

/** Checks that an argument is a function. */
export function requireFunction(operator: string, name: string, value: unknown): void {
  if (typeof value === 'function') return;
  throw new TypeError(
    `Cannot create ${operator}: ${name} must be a function, got ${describe(value)}`,
  );
}

/** Checks that a name is text. */
export function requireName(operator: string, value: unknown): void {
  if (typeof value === 'string') return;
  throw new TypeError(`Cannot create ${operator}: name must be text, got ${describe(value)}`);
}

/** Checks that an argument has the methods of a clock. */
export function requireClock(operator: string, value: unknown): void {
  const methods = ['now', 'wallTime', 'setTimeout', 'clearTimeout'];
  if (methods.every((name) => typeof Object(value)[name] === 'function')) return;
  throw new TypeError(
    `Cannot create ${operator}: clock must have now, wallTime, setTimeout and clearTimeout, got ${describe(value)}`,
  );
}

/** Checks that an argument is an integer, 1 or more. */
export function requirePositiveInteger(operator: string, name: string, value: unknown): void {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return;
  throw new RangeError(
    `Cannot create ${operator}: ${name} must be a positive integer, got ${describe(value)}`,
  );
}

/** Checks that an argument is true or false. */
export function requireBoolean(operator: string, name: string, value: unknown): void {
  if (typeof value === 'boolean') return;
  throw new TypeError(
    `Cannot create ${operator}: ${name} must be true or false, got ${describe(value)}`,
  );
}

/** Checks that an argument is an integer, 0 or more. */
export function requireNonNegativeInteger(operator: string, name: string, value: unknown): void {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return;
  throw new RangeError(
    `Cannot create ${operator}: ${name} must be an integer of 0 or more, got ${describe(value)}`,
  );
}

/** Checks that an argument is a text of one character or more. */
export function requireText(operator: string, name: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') return;
  throw new TypeError(
    `Cannot create ${operator}: ${name} must be a string of 1 character or more, got ${describe(value)}`,
  );
}

/** Checks that an argument is one of a few values. */
export function requireOneOf(
  operator: string,
  name: string,
  value: unknown,
  wanted: readonly unknown[],
): void {
  if (wanted.includes(value)) return;
  const list = wanted.map(describe).join(' or ');
  throw new RangeError(
    `Cannot create ${operator}: ${name} must be ${list}, got ${describe(value)}`,
  );
}

/** Checks that options, where given, are an object with known keys only. */
export function requireOptions(operator: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `Cannot create ${operator}: options must be an object, got ${describe(options)}`,
    );
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new TypeError(
      `Cannot create ${operator}: ${describe(key)} is not an option, wanted ${known.join(', ')}`,
    );
  }
}

/** Whether the last argument of a variadic operator is its options: a plain object of known keys. */
export function isOptions(value: unknown, known: readonly string[]): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.keys(value).every((key) => known.includes(key));
}

/** The iterator of an element that an operator has to take apart. */
export function requireIterable(operator: string, value: unknown): Iterable<unknown> {
  if (isIterable(value)) return value;
  throw new TypeError(`Cannot ${operator}: elements must be iterable, got ${describe(value)}`);
}

/** A step of an iteration, which `for … of` too wants to be an object. */
export function requireStep<S>(operator: string, step: S): NonNullable<S> {
  if (typeof step === 'object' && step !== null) return step;
  throw new TypeError(
    `Cannot ${operator}: next() of the iterator must return an object, got ${describe(step)}`,
  );
}

/** Whether a value can be walked; a function is not, whatever it has. */
export function isIterable(value: unknown): value is Iterable<unknown> {
  if (typeof value === 'string') return true;
  return (
    typeof value === 'object' &&
    value !== null &&
    Symbol.iterator in value &&
    typeof value[Symbol.iterator] === 'function'
  );
}
