import { describe, expect, it } from 'vitest';
import { negotiate, parseAccept } from './media-types.ts';

function formOf(accept: string | undefined, query = ''): string {
  const { as, version, isYaml, isPretty } = negotiate(accept, new URLSearchParams(query));
  return [as, version, ...(isYaml ? ['yaml'] : []), ...(isPretty ? ['pretty'] : [])].join(' ');
}

describe('the form of an answer', () => {
  it.each([
    [undefined, 'object v1'],
    ['', 'object v1'],
    ['*/*', 'object v1'],
    ['application/*', 'object v1'],
    ['application/yaml', 'object v1 yaml'],
    ['application/yaml;q=0.5, application/json', 'object v1'],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'table v1'],
    ['application/json;as=Table;v=v1beta1;g=meta.k8s.io', 'table v1beta1'],
    ['application/json;as=Table;v=v9;g=meta.k8s.io,application/json', 'object v1'],
    ['application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json', 'object v1'],
    ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'metadata v1'],
    ['application/json;stream=watch', 'object v1'],
  ])('for %s is %s', (accept, expected) => {
    expect(formOf(accept)).toBe(expected);
  });

  it('is indented where people read it', () => {
    expect(formOf(undefined, 'pretty=true')).toBe('object v1 pretty');
  });

  it.each(['text/html', 'application/vnd.kubernetes.protobuf', 'application/json;q=0', 'application/json;as=Soup'])(
    'is none for %s',
    (accept) => {
      expect(() => formOf(accept)).toThrow(expect.objectContaining({ code: 406 }));
    },
  );

  it('comes from the range with the highest quality', () => {
    expect(parseAccept('a/b;q=0.2, c/d, e/f;q=0.9').map(({ type }) => type)).toEqual(['c/d', 'e/f', 'a/b']);
  });
});
