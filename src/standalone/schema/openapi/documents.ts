import { createHash } from 'node:crypto';
import type { JsonObject } from '../json.ts';
import type { Kind } from '../kind.ts';
import { Definitions } from './definitions.ts';
import { pathsOf } from './paths.ts';

const INFO = { title: 'Holdfast standalone', version: 'v1' };
const BEARER = { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header', description: 'A bearer token.' } };

/** The OpenAPI v2 document of all kinds: `/openapi/v2`. */
export function openApiV2(kinds: readonly Kind[]): JsonObject {
  const definitions = new Definitions(2, kinds);
  return {
    swagger: '2.0',
    info: INFO,
    paths: pathsOf(2, kinds, definitions),
    definitions: definitions.all,
    securityDefinitions: BEARER,
    security: [{ BearerToken: [] }],
  };
}

/** The OpenAPI v3 document of the kinds of one group and version: `/openapi/v3/apis/batch/v1`. */
export function openApiV3(kinds: readonly Kind[]): JsonObject {
  const definitions = new Definitions(3, kinds);
  return {
    openapi: '3.0.0',
    info: INFO,
    paths: pathsOf(3, kinds, definitions),
    components: { schemas: definitions.all, securitySchemes: BEARER },
  };
}

/** `apis/batch/v1`, or `api/v1` for the core group: the name of a document, and its path below `/openapi/v3/`. */
export const documentName = ({ group, version }: Pick<Kind, 'group' | 'version'>): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`;

/**
 * The list of v3 documents: `/openapi/v3`. Each address carries a digest of its document, so that clients may keep what
 * they have read; a request with any digest is answered with the document as it is now.
 */
export function openApiV3Index(kinds: readonly Kind[]): JsonObject {
  const names = [...new Set(kinds.map(documentName))];
  const paths = names.map((name) => {
    const document = openApiV3(kinds.filter((kind) => documentName(kind) === name));
    const digest = createHash('sha512').update(JSON.stringify(document)).digest('hex').toUpperCase();
    return [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${digest}` }] as const;
  });
  return { paths: Object.fromEntries(paths) };
}
