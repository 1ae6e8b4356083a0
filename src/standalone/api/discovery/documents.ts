import { createHash } from 'node:crypto';
import type { ApiResponse } from '../../../apiserver/index.ts';
import {
  documentName,
  openApiV2,
  OPENAPI_V2_PROTOBUF,
  openApiV2Protobuf,
  openApiV3,
  openApiV3Index,
  type Kind,
} from '../../schema/index.ts';
import type { KindRegistry } from '../kinds/kind-registry.ts';
import { OBJECT_TYPES, parseAccept, takesIn } from '../protocol/media-types.ts';
import { bytesReply } from '../protocol/reply.ts';
import type { Request } from '../protocol/request.ts';
import { methodNotAllowed, notAcceptable } from '../protocol/status.ts';
import { aggregated, coreVersions, groupDocument, groupList, resourceList } from './groups.ts';

interface Document {
  readonly bytes: Uint8Array;
  readonly type: string;
  readonly tag: string;
}

const JSON_TYPE = 'application/json';

/** The documents that say what is served. Each is made when it is first asked for and kept until the kinds change. */
export class Documents {
  readonly #kinds: KindRegistry;
  readonly #made = new Map<string, Document>();
  #generation = -1;

  constructor(kinds: KindRegistry) {
    this.#kinds = kinds;
  }

  /** @returns undefined where the path is none of a document, or of one that there is not */
  answer(request: Request): ApiResponse | undefined {
    const document = this.#find(request);
    if (document === undefined || document === 'missing') return undefined;
    if (request.method !== 'GET') throw methodNotAllowed();
    const headers = { etag: document.tag, vary: 'Accept' };
    if (request.headers['if-none-match'] === document.tag)
      return bytesReply(304, new Uint8Array(), document.type, headers);
    return bytesReply(200, document.bytes, document.type, headers);
  }

  #find(request: Request): Document | 'missing' | undefined {
    const [root, group = '', version = '', ...rest] = request.segments;
    if (root === 'openapi') return this.#openApi(request);
    if (root === 'api' && group === '') return this.#discovery(request, 'api', coreVersions);
    if (root === 'api' && version === '') return this.#resources('', group);
    if (root !== 'apis' || rest.length > 0) return undefined;
    if (group === '') {
      return this.#discovery(request, 'apis', () => groupList(this.#kinds.all()));
    }
    if (version === '') return this.#json(`group/${group}`, () => groupDocument(this.#kinds.all(), group));
    return this.#resources(group, version);
  }

  #resources(group: string, version: string): Document | 'missing' {
    return this.#json(`resources/${group}/${version}`, () => resourceList(this.#kinds.all(), group, version));
  }

  /** All at once where the client can read that, or else the first step of the old way. */
  #discovery({ headers }: Request, name: 'api' | 'apis', old: () => unknown): Document | 'missing' {
    const isPart = ({ group }: Kind): boolean => (group === '') === (name === 'api');
    for (const range of parseAccept(headers['accept'] ?? JSON_TYPE)) {
      if (!takesIn(range, JSON_TYPE)) continue;
      const { g, v, as } = range.parameters;
      if (g === undefined && as === undefined) return this.#json(name, old);
      if (g !== 'apidiscovery.k8s.io' || as !== 'APIGroupDiscoveryList' || (v !== 'v2' && v !== 'v2beta1')) continue;
      const type = `${JSON_TYPE};g=${g};v=${v};as=${as}`;
      return this.#json(`${name}/${v}`, () => aggregated(this.#kinds.all().filter(isPart), v), type);
    }
    throw notAcceptable(OBJECT_TYPES);
  }

  #openApi({ segments, headers }: Request): Document | 'missing' {
    const [, version, ...rest] = segments;
    if (version === 'v2' && rest.length === 0) return this.#openApiV2(headers['accept'] ?? '');
    if (version !== 'v3') return 'missing';
    if (rest.length === 0) return this.#json('openapi/v3', () => openApiV3Index(this.#kinds.all()));
    const name = rest.join('/');
    return this.#json(`openapi/v3/${name}`, () => {
      const kinds = this.#kinds.all().filter((kind) => documentName(kind) === name);
      return kinds.length === 0 ? undefined : openApiV3(kinds);
    });
  }

  #openApiV2(accept: string): Document | 'missing' {
    const { accept: asked, contentType } = OPENAPI_V2_PROTOBUF;
    const isProtobuf = parseAccept(accept).some(
      ({ type }) => type === asked.toLowerCase() || type === contentType.toLowerCase(),
    );
    if (!isProtobuf) return this.#json('openapi/v2', () => openApiV2(this.#kinds.all()));
    return this.#keep('openapi/v2+protobuf', contentType, () => openApiV2Protobuf(this.#kinds.all()));
  }

  #json(name: string, make: () => unknown, type = JSON_TYPE): Document | 'missing' {
    return this.#keep(name, type, () => {
      const value = make();
      return value === undefined ? undefined : Buffer.from(`${JSON.stringify(value)}\n`);
    });
  }

  #keep(name: string, type: string, make: () => Uint8Array | undefined): Document | 'missing' {
    if (this.#generation !== this.#kinds.generation) this.#made.clear();
    this.#generation = this.#kinds.generation;
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const bytes = make();
    if (bytes === undefined) return 'missing';
    const tag = `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"`;
    const document = { bytes, type, tag };
    this.#made.set(name, document);
    return document;
  }
}
