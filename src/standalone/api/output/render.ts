import type { ApiResponse } from '../../../apiserver/index.ts';
import { objectAt, textAt, type JsonObject, type Kind } from '../../schema/index.ts';
import { groupVersionOf, inVersion } from '../kinds/kind-registry.ts';
import { negotiate, type Form } from '../protocol/media-types.ts';
import { textReply } from '../protocol/reply.ts';
import type { Request } from '../protocol/request.ts';
import { readIncludeObject, toMetadata, toTable, type IncludeObject } from './table.ts';

/** Turns objects into the form that a client has asked for. */
export class Renderer {
  readonly #form: Form;
  readonly #includeObject: IncludeObject;
  readonly #kind: Kind;

  /** @throws Refusal 400, 406; to be made before anything is done */
  constructor({ headers, query }: Request, kind: Kind) {
    this.#form = negotiate(headers['accept'], query);
    this.#includeObject = readIncludeObject(query);
    this.#kind = kind;
  }

  object(status: number, object: JsonObject, now: Date): Promise<ApiResponse> {
    return this.#reply(status, this.shape(object, now, true));
  }

  /** @param metadata - of the list: its version, and where it goes on */
  list(objects: readonly JsonObject[], metadata: JsonObject, now: Date): Promise<ApiResponse> {
    return this.#reply(200, this.#shapeList(objects, metadata, now));
  }

  /** An object that is no object of the kind: a Status. */
  plain(status: number, value: JsonObject): Promise<ApiResponse> {
    return this.#reply(status, value);
  }

  /** One object as it stands in an answer, or in an event of a watch. */
  shape(object: JsonObject, now: Date, hasColumns: boolean): JsonObject {
    const { as, version } = this.#form;
    if (as === 'object') return inVersion(this.#kind, object);
    if (as === 'metadata') return toMetadata(object, version);
    const metadata = { resourceVersion: textAt(object, 'metadata', 'resourceVersion') };
    return toTable(this.#kind, [object], metadata, { version, includeObject: this.#includeObject, now, hasColumns });
  }

  #shapeList(objects: readonly JsonObject[], metadata: JsonObject, now: Date): JsonObject {
    const { as, version } = this.#form;
    if (as === 'table') {
      const options = { version, includeObject: this.#includeObject, now, hasColumns: true };
      return toTable(this.#kind, objects, metadata, options);
    }
    if (as === 'metadata') {
      const items = objects.map((object) => toMetadata(object, version));
      return { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${version}`, metadata, items };
    }
    const { listKind } = this.#kind;
    return {
      kind: listKind,
      apiVersion: groupVersionOf(this.#kind),
      metadata,
      items: objects.map((object) => inVersion(this.#kind, object)),
    };
  }

  async #reply(status: number, value: JsonObject): Promise<ApiResponse> {
    const { isYaml, isPretty } = this.#form;
    if (isYaml) {
      const { dump } = await import('js-yaml');
      return textReply(status, dump(value, { noRefs: true, lineWidth: -1 }), 'application/yaml');
    }
    const text = isPretty ? JSON.stringify(value, null, 2) : JSON.stringify(value);
    return textReply(status, `${text}\n`, 'application/json');
  }
}

/** What says that an object was deleted, where the object itself is not given back. */
export function deletedStatus(kind: Kind, object: JsonObject): JsonObject {
  const { name, uid } = objectAt(object, 'metadata');
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: name ?? '',
      ...(kind.group !== '' && { group: kind.group }),
      kind: kind.plural,
      uid: uid ?? '',
    },
  };
}
