const FIRST_BYTES = 256;
/** Half of a pair, which has no UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes that grow: numbers in little endian, lengths before what they count. */
export class ByteWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;

  byte(value: number): this {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
    return this;
  }

  length(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  float(value: number): this {
    const at = this.#reserve(8);
    // Every NaN is written as one.
    this.#view.setFloat64(at, Number.isNaN(value) ? Number.NaN : value, true);
    return this;
  }

  text(value: string): this {
    if (!LONE_SURROGATE.test(value)) return this.view(encoder.encode(value));
    const units = new Uint16Array(value.length);
    for (let i = 0; i < value.length; i++) units[i] = value.charCodeAt(i);
    return this.length(0xffff_ffff).view(units);
  }

  /** The bytes of a view, in the order in which this machine, as every one there is, has them. */
  view({ buffer, byteOffset, byteLength }: ArrayBufferView): this {
    this.length(byteLength);
    const at = this.#reserve(byteLength);
    this.#bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    return this;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#end);
  }

  #reserve(count: number): number {
    const at = this.#end;
    this.#end += count;
    if (this.#end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#end, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}

/** Reads what a {@link ByteWriter} wrote; every method throws a RangeError where the bytes end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // Slices of a Buffer are no copies.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  /** A length of things that take at least `least` bytes each, so that none exhausts memory. */
  length(least = 1): number {
    const value = this.#view.getUint32(this.#take(4), true);
    if (value * least > this.#bytes.length - this.#at) {
      throw new RangeError(`a list of ${value} is longer than its bytes`);
    }
    return value;
  }

  float(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  text(): string {
    const length = this.length(0);
    if (length !== 0xffff_ffff) {
      return decoder.decode(this.#bytes.subarray(this.#take(length), this.#at));
    }
    const units = this.view();
    let text = '';
    for (let i = 0; i + 1 < units.length; i += 2) {
      text += String.fromCharCode(units[i]! | (units[i + 1]! << 8));
    }
    return text;
  }

  view(): Uint8Array {
    const length = this.length();
    return this.#bytes.subarray(this.#take(length), this.#at);
  }

  finish(): void {
    if (this.#at < this.#bytes.length) throw new RangeError('bytes are left over');
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) throw new RangeError('the bytes end too early');
    this.#at = at + count;
    return at;
  }
}
