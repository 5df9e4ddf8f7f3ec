/**
 * The type of a column. Integers are exact, `utf8` is text, `timestamp` counts nanoseconds since 1970
 * UTC, `date` days since then, and `duration` the nanoseconds between two times. Every type can be
 * missing (`null`).
 */
export type ColumnType =
  | 'bool'
  | 'i8'
  | 'i16'
  | 'i32'
  | 'i64'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'f32'
  | 'f64'
  | 'utf8'
  | 'timestamp'
  | 'date'
  | 'duration';

/** Column types that hold whole numbers. */
export type IntegerType = 'i8' | 'i16' | 'i32' | 'i64' | 'u8' | 'u16' | 'u32' | 'u64';

/** Column types that hold whole numbers from 0 up. */
export type UnsignedType = 'u8' | 'u16' | 'u32' | 'u64';

/** Column types that hold floating-point numbers. */
export type FloatType = 'f32' | 'f64';

/** Column types that are points of time. */
export type TimeType = 'timestamp' | 'date';

/** Column types that can be added, averaged and the like. */
export type NumericType = IntegerType | FloatType;

/** The columns of a frame: names to types, in order. */
export type Schema = { readonly [column: string]: ColumnType };

/** How a value of a column reads in JavaScript, where it is not missing. */
export type ValueOf<D extends ColumnType> = D extends 'bool'
  ? boolean
  : D extends 'utf8'
    ? string
    : D extends 'i64' | 'u64'
      ? number | bigint
      : number;

/** What may be emitted into a column; `null` and `undefined` are missing. */
export type InputOf<D extends ColumnType> =
  | null
  | undefined
  | (D extends 'bool'
      ? boolean
      : D extends 'utf8'
        ? string
        : D extends 'timestamp'
          ? number | Date | bigint
          : D extends 'date'
            ? number | Date
            : D extends 'i64' | 'u64' | 'duration'
              ? number | bigint
              : number);

/** The typed array that holds the values of a column; text reads as an array of strings. */
export type ValuesOf<D extends ColumnType> = D extends 'f64'
  ? Float64Array
  : D extends 'f32'
    ? Float32Array
    : D extends 'i64' | 'timestamp' | 'duration'
      ? BigInt64Array
      : D extends 'u64'
        ? BigUint64Array
        : D extends 'i32' | 'date'
          ? Int32Array
          : D extends 'i16'
            ? Int16Array
            : D extends 'i8'
              ? Int8Array
              : D extends 'u32'
                ? Uint32Array
                : D extends 'u16'
                  ? Uint16Array
                  : D extends 'u8' | 'bool'
                    ? Uint8Array
                    : readonly (string | null)[];

/** Whole columns to emit at once: a typed array of the column's kind, or a plain array. */
export type ColumnInput<D extends ColumnType> =
  | ReadonlyArray<InputOf<D>>
  | (D extends 'utf8' ? never : ValuesOf<D>);

/** One row of a frame as it reads in JavaScript. */
export type RowOf<S extends Schema> = { [K in keyof S]: ValueOf<S[K]> | null };

/** One row as it may be emitted into a frame. */
export type InputRow<S extends Schema> = { readonly [K in keyof S]: InputOf<S[K]> };

/** Whole columns as they may be emitted into a frame. */
export type InputColumns<S extends Schema> = { readonly [K in keyof S]: ColumnInput<S[K]> };

/** The type of a sum over a column: integers add up exactly as `i64`, floats as `f64`. */
export type SumOf<D extends ColumnType> = D extends IntegerType ? 'i64' : 'f64';

/** The names of the columns of `S` that can be summed. */
export type NumericKeys<S extends Schema> = {
  [K in keyof S]: S[K] extends NumericType ? K : never;
}[keyof S];

/** `A & B` of two schemas, shown as one object type. */
export type Merge<A, B> = {
  [K in keyof A | keyof B]: K extends keyof B ? B[K] : K extends keyof A ? A[K] : never;
} & {};

/** What add, subtract, multiply and remainder of two columns give. */
export type Promoted<A extends ColumnType, B extends ColumnType> = [A] extends [B]
  ? [B] extends [A]
    ? A
    : Wider<A, B>
  : Wider<A, B>;

type Wider<A extends ColumnType, B extends ColumnType> = A extends FloatType
  ? 'f64'
  : B extends FloatType
    ? 'f64'
    : A extends 'i64'
      ? 'i64'
      : B extends 'i64'
        ? 'i64'
        : IntegerType;

const TYPES: ReadonlySet<string> = new Set<ColumnType>([
  'bool',
  'i8',
  'i16',
  'i32',
  'i64',
  'u8',
  'u16',
  'u32',
  'u64',
  'f32',
  'f64',
  'utf8',
  'timestamp',
  'date',
  'duration',
]);

/** The column types, for messages. */
export const TYPE_LIST: string = [...TYPES].join(', ');

/** Whether `value` names a column type. */
export function isColumnType(value: unknown): value is ColumnType {
  return typeof value === 'string' && TYPES.has(value);
}

/** Whether columns of this type hold whole numbers. */
export function isInteger(type: ColumnType): type is IntegerType {
  return /^[iu]\d/.test(type);
}

/** Whether columns of this type hold floating-point numbers. */
export function isFloat(type: ColumnType): type is FloatType {
  return type === 'f64' || type === 'f32';
}

/** Whether columns of this type can be added, averaged and the like. */
export function isNumeric(type: ColumnType): type is NumericType {
  return isFloat(type) || isInteger(type);
}

/** Whether columns of this type are points of time. */
export function isTimeType(type: ColumnType): type is TimeType {
  return type === 'timestamp' || type === 'date';
}

/** Whether columns of this type are points of time or the spans between them. */
export function isTemporal(type: ColumnType): boolean {
  return isTimeType(type) || type === 'duration';
}
