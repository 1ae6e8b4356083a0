import { messageOf, protobuf } from '../../../base/index.ts';
import type { JsonObject } from '../../schema/index.ts';
import { badRequest, Refusal } from '../protocol/status.ts';
import { DELETE_OPTIONS, MESSAGES } from './kinds.ts';
import { decodeMessage, UnreadableMessage, type Message } from './message.ts';

/** What an object in protobuf begins with; a runtime.Unknown follows (apimachinery, serializer/protobuf). */
const MAGIC = Buffer.from('k8s\0');

const envelope = protobuf.message({
  typeMeta: protobuf.nested(1, protobuf.message({ apiVersion: protobuf.string(1), kind: protobuf.string(2) })),
  raw: protobuf.bytes(2),
  contentEncoding: protobuf.string(3),
});

/**
 * The object in a protobuf body, as JSON.
 *
 * @throws Refusal 415 for kinds and fields that are not read here, 400 for what is no such body
 */
export function readProtobufObject(body: Uint8Array): JsonObject {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw badRequest('the body of the request is no Kubernetes protobuf');
  try {
    const { typeMeta, raw, contentEncoding } = envelope.decode(bytes.subarray(MAGIC.length));
    const { apiVersion = '', kind = '' } = typeMeta ?? {};
    const type = kind === 'DeleteOptions' ? DELETE_OPTIONS : MESSAGES.get(`${apiVersion} ${kind}`);
    if (type === undefined || contentEncoding !== '') throw new UnreadableMessage('it is not known here');
    return { apiVersion, kind, ...decoded(type, raw, kind) };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error instanceof UnreadableMessage) throw unreadable(error.message);
    throw badRequest(`error decoding protobuf: ${messageOf(error)}`);
  }
}

function decoded(type: Message, raw: Uint8Array, kind: string): JsonObject {
  try {
    return decodeMessage(type, raw);
  } catch (error) {
    if (error instanceof UnreadableMessage) throw unreadable(`${kind}: ${error.message}`);
    throw error;
  }
}

function unreadable(why: string): Refusal {
  const message = `the body of the request cannot be read from protobuf (${why}); send JSON instead, as in: kubectl create ... --dry-run=client -o yaml | kubectl create -f -`;
  return new Refusal(415, 'UnsupportedMediaType', message);
}
