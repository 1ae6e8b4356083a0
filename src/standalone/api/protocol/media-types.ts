import { notAcceptable } from './status.ts';

/** How an answer shall look. */
export interface Form {
  readonly as: 'object' | 'table' | 'metadata';
  /** Of `meta.k8s.io`, for tables and bare metadata. */
  readonly version: 'v1' | 'v1beta1';
  readonly isYaml: boolean;
  /** Indented, for people. */
  readonly isPretty: boolean;
}

export interface MediaRange {
  /** `application/json`, lower case. */
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly quality: number;
}

export const OBJECT_TYPES: readonly string[] = ['application/json', 'application/yaml'];

/** The ranges of an Accept header, best first, equals in their order. */
export function parseAccept(header: string): readonly MediaRange[] {
  return header
    .split(',')
    .map((clause) => {
      const [type = '', ...pairs] = clause.split(';').map((part) => part.trim());
      const parameters = Object.fromEntries(pairs.map(parameter));
      const quality = Number(parameters['q'] ?? '1');
      return { type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 0 };
    })
    .filter(({ type, quality }) => type !== '' && quality > 0)
    .sort((a, b) => b.quality - a.quality);
}

function parameter(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at === -1) return [text.toLowerCase(), ''];
  return [
    text.slice(0, at).trim().toLowerCase(),
    text
      .slice(at + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1'),
  ];
}

/** Whether a range takes in a type: `*` and `application/*` do. */
export function takesIn(range: MediaRange, type: string): boolean {
  return range.type === type || range.type === '*/*' || range.type === `${type.split('/', 1)[0] ?? ''}/*`;
}

/**
 * Decides on the form of an answer about objects. Protobuf and CBOR are not spoken; clients that ask for them name JSON as well.
 *
 * @throws Refusal 406 where no form that is asked for is known
 */
export function negotiate(accept: string | undefined, query: URLSearchParams): Form {
  const isPretty = ['1', 'true'].includes(query.get('pretty') ?? '');
  const plain: Form = { as: 'object', version: 'v1', isYaml: false, isPretty };
  if (accept === undefined || accept.trim() === '') return plain;
  for (const range of parseAccept(accept)) {
    const type = OBJECT_TYPES.find((known) => takesIn(range, known));
    if (type === undefined) continue;
    const form = formOf(range, { ...plain, isYaml: type === 'application/yaml' });
    if (form !== undefined) return form;
  }
  throw notAcceptable(OBJECT_TYPES);
}

/** Undefined where the parameters ask for something that objects cannot be turned into. */
function formOf({ parameters }: MediaRange, plain: Form): Form | undefined {
  const { as, g, v, stream } = parameters;
  if (stream !== undefined && stream !== '' && stream !== 'watch') return undefined;
  if (as === undefined && g === undefined && v === undefined) return plain;
  if (g !== 'meta.k8s.io' || (v !== 'v1' && v !== 'v1beta1')) return undefined;
  if (as === 'Table') return { ...plain, as: 'table', version: v };
  if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList')
    return { ...plain, as: 'metadata', version: v };
  return undefined;
}
