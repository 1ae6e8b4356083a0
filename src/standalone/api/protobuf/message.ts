import { protobuf } from '../../../base/index.ts';
import { isJsonObject, textAt, type Json, type JsonObject } from '../../schema/index.ts';

/**
 * Reads the protocol-buffer form of Kubernetes' own kinds as the JSON that it stands for.
 *
 * The form says less than JSON: fields that are no pointers in Go are always written, set or not, and an empty one is
 * absent in JSON; pointers are written only where they are set, and an empty one means something. So each field here says
 * which of the two it is. A field that is not named here is refused: to drop it would change what the client wants.
 */
export type Message = ReadonlyMap<number, MessageField>;

export interface MessageField {
  /** In JSON; `''` where the fields of a message stand in the one around it. */
  readonly name: string;
  readonly read: (value: WireValue) => Json | undefined;
  /** Whether it comes many times, as a list or as the entries of a map. */
  readonly many?: 'list' | 'map';
}

/** A number, or the bytes of anything longer. */
export type WireValue = bigint | Uint8Array;

export type FieldMaker = (name: string) => MessageField;

export class UnreadableMessage extends Error {}

/** Declares a message: the number of each field, and what it is. */
export function message(fields: Readonly<Record<string, readonly [number, FieldMaker]>>): Message {
  return new Map(Object.entries(fields).map(([name, [number, make]]) => [number, make(name)]));
}

const VARINT = 0;
const DELIMITED = 2;

/** @throws UnreadableMessage, ProtobufError */
export function decodeMessage(type: Message, bytes: Uint8Array): JsonObject {
  const result: JsonObject = {};
  const reader = new protobuf.ProtobufReader(bytes);
  for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) {
    const field = type.get(tag.field);
    if (field === undefined) throw new UnreadableMessage(`field ${tag.field} is not known here`);
    if (tag.wireType !== VARINT && tag.wireType !== DELIMITED) {
      throw new UnreadableMessage(`field ${tag.field} has wire type ${tag.wireType}`);
    }
    const value = field.read(tag.wireType === VARINT ? reader.varint() : reader.delimited());
    if (value !== undefined) add(result, field, value);
  }
  return result;
}

function add(result: JsonObject, { name, many }: MessageField, value: Json): void {
  const before = result[name];
  if (many === 'list') result[name] = [...(Array.isArray(before) ? before : []), value];
  else if (name === '' && isJsonObject(value)) Object.assign(result, value);
  else if (many === 'map' && isJsonObject(value)) result[name] = { ...(isJsonObject(before) ? before : {}), ...value };
  else result[name] = value;
}

function asText(value: WireValue): string {
  if (typeof value === 'bigint') throw new UnreadableMessage('a number stands where a text is expected');
  return new TextDecoder('utf-8', { fatal: true }).decode(value);
}

function asNumber(value: WireValue): number {
  if (typeof value !== 'bigint') throw new UnreadableMessage('a text stands where a number is expected');
  return Number(BigInt.asIntN(64, value));
}

function asBytes(value: WireValue): Uint8Array {
  if (typeof value === 'bigint') throw new UnreadableMessage('a number stands where a message is expected');
  return value;
}

const single =
  (read: (value: WireValue) => Json | undefined): FieldMaker =>
  (name) => ({ name, read });

/** What is no pointer: empty is absent. */
export const text = single((value) => asText(value) || undefined);
export const number = single((value) => asNumber(value) || undefined);
export const flag = single((value) => asNumber(value) !== 0 || undefined);
/** Pointers: what is written is set. */
export const optionalText = single(asText);
export const optionalNumber = single(asNumber);
export const optionalFlag = single((value) => asNumber(value) !== 0);
export const time = single((value) => {
  const { seconds } = decodeMessage(TIME, asBytes(value));
  return typeof seconds === 'number' ? `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z` : undefined;
});
export const texts: FieldMaker = (name) => ({ name, read: asText, many: 'list' });
/** What the server itself keeps, and nobody may send. */
export const ignored = single(() => undefined);

const TIME = message({ seconds: [1, optionalNumber], nanos: [2, number] });
const TEXT_ENTRY = message({ key: [1, optionalText], value: [2, optionalText] });
const QUANTITY = message({ string: [1, optionalText] });

/** A message that is no pointer: an empty one is absent. */
export const always = (type: Message): FieldMaker =>
  single((value) => {
    const decoded = decodeMessage(type, asBytes(value));
    return Object.keys(decoded).length === 0 ? undefined : decoded;
  });

/** A message that is there only if it is meant. */
export const optional = (type: Message): FieldMaker => single((value) => decodeMessage(type, asBytes(value)));

/** A message whose fields stand in the one around it. */
export const inline = (type: Message): FieldMaker => {
  const read = (value: WireValue): Json => decodeMessage(type, asBytes(value));
  return () => ({ name: '', read });
};

export const list =
  (type: Message): FieldMaker =>
  (name) => ({ name, read: (value) => decodeMessage(type, asBytes(value)), many: 'list' });

export const quantity = single((value) => decodeMessage(QUANTITY, asBytes(value))['string']);

const mapOf =
  (read: (entry: Uint8Array) => JsonObject): FieldMaker =>
  (name) => ({ name, read: (value) => read(asBytes(value)), many: 'map' });

export const textMap = mapOf((entry) => {
  const decoded = decodeMessage(TEXT_ENTRY, entry);
  return { [textAt(decoded, 'key')]: textAt(decoded, 'value') };
});

export const quantityMap = mapOf((entry) => {
  const decoded = decodeMessage(QUANTITY_ENTRY, entry);
  return { [textAt(decoded, 'key')]: textAt(decoded, 'value') };
});

const QUANTITY_ENTRY = message({ key: [1, optionalText], value: [2, quantity] });
