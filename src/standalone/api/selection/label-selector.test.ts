import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLabelSelector } from './label-selector.ts';

const labels = { app: 'web', tier: 'front', level: '7', empty: '' };

function matches(selector: string): boolean {
  return parseLabelSelector(selector).matches(labels);
}

describe('a label selector', () => {
  it.each([
    ['', true],
    ['app', true],
    ['!app', false],
    ['app=web', true],
    ['app==web', true],
    ['app = web , tier=front', true],
    ['app!=web', false],
    ['missing!=web', true],
    ['app in (web,api)', true],
    ['app in(api)', false],
    ['app notin (web)', false],
    ['missing notin (web)', true],
    ['empty=', true],
    ['empty in ()', true],
    ['missing=', false],
    ['level>6', true],
    ['level<7', false],
    ['app>1', false],
    ['app in (in, notin, web)', true],
    ['example.com/x!=1', true],
    ['toString', false],
  ])('%s matches: %s', (selector, expected) => {
    expect(matches(selector)).toBe(expected);
  });

  it.each([
    'app=web,',
    ',app',
    'app in web',
    'app in (web',
    '=web',
    'app web',
    'app=a=b',
    '!',
    '(a)',
    'level>x',
    'a b c',
    'Ä=x',
  ])('%s is refused with 400', (selector) => {
    expect(() => parseLabelSelector(selector)).toThrow(expect.objectContaining({ code: 400 }));
  });

  it('either parses or is refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab=!(), in<>'.split('')), maxLength: 20 }), (text) => {
        try {
          expect(typeof matches(text)).toBe('boolean');
        } catch (error) {
          expect(error).toMatchObject({ code: 400 });
        }
      }),
    );
  });

  it('knows whether it selects all', () => {
    expect([parseLabelSelector(' ').isEmpty, parseLabelSelector('a').isEmpty]).toEqual([true, false]);
  });
});
