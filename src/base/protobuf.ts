import { HoldfastError, type ErrorTable } from './errors.ts';

/**
 * The protocol-buffer wire format, for the few messages of etcd and Kubernetes that Holdfast speaks or finds in files.
 *
 * A schema states a message's fields once; its TypeScript type follows from it, so no code is generated. Fields that
 * a schema does not name are skipped when decoding. Absent fields decode to proto3's defaults, absent messages to
 * undefined. Source of the format: protobuf.dev, "Encoding".
 */

export const protobufErrors = {
  PROTOBUF_MALFORMED: { kind: 'permanent', meaning: 'Bytes that should be a protocol-buffer message are not one.' },
} as const satisfies ErrorTable;

export class ProtobufError extends HoldfastError<keyof typeof protobufErrors> {
  constructor(message: string) {
    super(protobufErrors.PROTOBUF_MALFORMED, 'PROTOBUF_MALFORMED', message, {
      hint: 'The sender speaks another format, or the bytes were damaged on the way.',
    });
  }
}

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/** How one field's values are written and read. */
interface Codec<T> {
  readonly wireType: number;
  readonly empty: T;
  write(writer: Writer, value: T): void;
  read(reader: ProtobufReader): T;
}

export interface Field<T> {
  readonly number: number;
  readonly decodeInto: (reader: ProtobufReader, wireType: number, before: T) => T;
  readonly encode: (writer: Writer, value: T) => void;
  readonly empty: () => T;
}

/** A message's fields by name. Their value types differ, so only what they share is said here; {@link ValueOf} finds the rest. */
type Fields = Readonly<Record<string, { readonly number: number }>>;

export interface Schema<T> {
  readonly encode: (value: Partial<T>) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => T;
}

/** The TypeScript type of a schema's messages. */
export type MessageOf<S> = S extends Schema<infer T> ? T : never;

type ValueOf<F> = F extends Field<infer T> ? T : never;

/** Declares a message: `message({ key: bytes(1), value: bytes(5) })`. */
export function message<F extends Fields>(fields: F): Schema<{ [K in keyof F]: ValueOf<F[K]> }> {
  type Value = { [K in keyof F]: ValueOf<F[K]> };
  const named = Object.entries(fields) as unknown as readonly (readonly [keyof F, Field<unknown>])[];
  const byNumber = new Map(named.map(([name, field]) => [field.number, { name, field }]));
  return {
    encode(value) {
      const writer = new Writer();
      for (const [name, field] of named) {
        const given: unknown = value[name];
        if (given !== undefined) field.encode(writer, given);
      }
      return writer.finish();
    },
    decode(bytes) {
      const result: Partial<Record<keyof F, unknown>> = {};
      for (const [name, field] of named) result[name] = field.empty();
      const reader = new ProtobufReader(bytes);
      for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) {
        const known = byNumber.get(tag.field);
        if (known === undefined) reader.skip(tag.wireType);
        else result[known.name] = known.field.decodeInto(reader, tag.wireType, result[known.name]);
      }
      return result as Value;
    },
  };
}

function single<T>(number: number, codec: Codec<T>, isEmpty: (value: T) => boolean): Field<T> {
  return {
    number,
    empty: () => codec.empty,
    encode(writer, value) {
      if (isEmpty(value)) return;
      writer.tag(number, codec.wireType);
      codec.write(writer, value);
    },
    decodeInto(reader, wireType) {
      expectWireType(number, codec.wireType, wireType);
      return codec.read(reader);
    },
  };
}

function expectWireType(number: number, expected: number, found: number): void {
  if (expected !== found) throw new ProtobufError(`field ${number} has wire type ${found}, expected ${expected}`);
}

const EMPTY = new Uint8Array(0);

const bigCodec = (wrap: (value: bigint) => bigint): Codec<bigint> => ({
  wireType: VARINT,
  empty: 0n,
  write: (writer, value) => writer.varint(BigInt.asUintN(64, value)),
  read: (reader) => wrap(reader.varint()),
});

const uint64Codec = bigCodec((value) => value);
const int64Codec = bigCodec((value) => BigInt.asIntN(64, value));
const int32Codec: Codec<number> = {
  wireType: VARINT,
  empty: 0,
  write: (writer, value) => writer.varint(BigInt.asUintN(64, BigInt(value))),
  read: (reader) => Number(BigInt.asIntN(32, reader.varint())),
};
const uint32Codec: Codec<number> = { ...int32Codec, read: (reader) => Number(BigInt.asUintN(32, reader.varint())) };
const boolCodec: Codec<boolean> = {
  wireType: VARINT,
  empty: false,
  write: (writer, value) => writer.varint(value ? 1n : 0n),
  read: (reader) => reader.varint() !== 0n,
};
const bytesCodec: Codec<Uint8Array> = {
  wireType: DELIMITED,
  empty: EMPTY,
  write: (writer, value) => writer.delimited(value),
  read: (reader) => reader.delimited(),
};
const stringCodec: Codec<string> = {
  wireType: DELIMITED,
  empty: '',
  write: (writer, value) => writer.delimited(Buffer.from(value)),
  read: (reader) => Buffer.from(reader.delimited()).toString('utf8'),
};

export const uint64 = (number: number): Field<bigint> => single(number, uint64Codec, (value) => value === 0n);
export const int64 = (number: number): Field<bigint> => single(number, int64Codec, (value) => value === 0n);
export const uint32 = (number: number): Field<number> => single(number, uint32Codec, (value) => value === 0);
export const int32 = (number: number): Field<number> => single(number, int32Codec, (value) => value === 0);
/** An enumeration, as its number. */
export const enumeration = int32;
export const bool = (number: number): Field<boolean> => single(number, boolCodec, (value) => !value);
export const bytes = (number: number): Field<Uint8Array> => single(number, bytesCodec, (value) => value.length === 0);
export const string = (number: number): Field<string> => single(number, stringCodec, (value) => value === '');

/** A nested message; undefined where it is absent. */
export function nested<T>(number: number, schema: Schema<T>): Field<T | undefined> {
  return {
    number,
    empty: () => undefined,
    encode(writer, value) {
      if (value === undefined) return;
      writer.tag(number, DELIMITED);
      writer.delimited(schema.encode(value));
    },
    decodeInto(reader, wireType) {
      expectWireType(number, DELIMITED, wireType);
      return schema.decode(reader.delimited());
    },
  };
}

function many<T>(number: number, codec: Codec<T>): Field<readonly T[]> {
  return {
    number,
    empty: () => [],
    encode(writer, values) {
      for (const value of values) {
        writer.tag(number, codec.wireType);
        codec.write(writer, value);
      }
    },
    decodeInto(reader, wireType, before) {
      if (wireType === DELIMITED && codec.wireType !== DELIMITED) {
        const packed = new ProtobufReader(reader.delimited());
        const values = [...before];
        while (!packed.atEnd) values.push(codec.read(packed));
        return values;
      }
      expectWireType(number, codec.wireType, wireType);
      return [...before, codec.read(reader)];
    },
  };
}

export const repeatedString = (number: number): Field<readonly string[]> => many(number, stringCodec);
export const repeatedUint64 = (number: number): Field<readonly bigint[]> => many(number, uint64Codec);
export const repeated = <T>(number: number, schema: Schema<T>): Field<readonly T[]> =>
  many(number, {
    wireType: DELIMITED,
    get empty(): T {
      return schema.decode(EMPTY);
    },
    write: (writer, value) => writer.delimited(schema.encode(value as Partial<T>)),
    read: (reader) => schema.decode(reader.delimited()),
  });

/** Reads tags and values one after the other; every read is bounds-checked. */
export class ProtobufReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next field's number and wire type, or undefined at the end. */
  tag(): { readonly field: number; readonly wireType: number } | undefined {
    if (this.atEnd) return undefined;
    const value = Number(this.varint());
    const field = Math.floor(value / 8);
    if (field === 0) throw new ProtobufError('a field has the number 0');
    return { field, wireType: value % 8 };
  }

  varint(): bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const next = this.#next();
      low |= (next & 0x7f) << shift;
      if (next < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const next = this.#next();
      value |= BigInt(next & 0x7f) << shift;
      if (next < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtobufError('a varint is longer than ten bytes');
  }

  /** A view of the next length-delimited value; it shares memory with the message. */
  delimited(): Uint8Array {
    const length = Number(this.varint());
    return this.#take(length);
  }

  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === FIXED64) this.#take(8);
    else if (wireType === DELIMITED) this.delimited();
    else if (wireType === FIXED32) this.#take(4);
    else throw new ProtobufError(`wire type ${wireType} is unknown`);
  }

  #next(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw new ProtobufError('a message ends in the middle of a varint');
    this.#at++;
    return value;
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length)
      throw new ProtobufError(`a value of ${length} bytes runs past the end of its message`);
    const value = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return value;
  }
}

class Writer {
  readonly #parts: Uint8Array[] = [];

  tag(number: number, wireType: number): void {
    this.varint(BigInt(number * 8 + wireType));
  }

  varint(value: bigint): void {
    const encoded: number[] = [];
    let rest = value;
    while (rest >= 0x80n) {
      encoded.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    encoded.push(Number(rest));
    this.#parts.push(Uint8Array.from(encoded));
  }

  delimited(value: Uint8Array): void {
    this.varint(BigInt(value.length));
    this.#parts.push(value);
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}
