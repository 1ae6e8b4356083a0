import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrameLength, encodeFrame, FRAME_HEADER_SIZE, isUnwritten, looksTorn } from './frame.ts';

describe('a frame', () => {
  it('is a multiple of eight bytes and says how long its record is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (record) => {
        const frame = encodeFrame(record);
        const { record: length, padding } = decodeFrameLength(frame);
        expect(frame.length % 8).toBe(0);
        expect(length).toBe(record.length);
        expect(frame.length).toBe(FRAME_HEADER_SIZE + length + padding);
        expect(frame.subarray(FRAME_HEADER_SIZE, FRAME_HEADER_SIZE + length).equals(record)).toBe(true);
      }),
    );
  });

  it('marks zeros behind the record in the top byte of its length, and none with none', () => {
    expect(encodeFrame(Buffer.alloc(4, 1)).toString('hex')).toBe('0400000000000084' + '01010101' + '00000000');
    expect(encodeFrame(Buffer.alloc(8, 1)).toString('hex')).toBe('0800000000000000' + '0101010101010101');
  });

  it('is not there where nothing was ever written', () => {
    expect(isUnwritten(Buffer.alloc(8))).toBe(true);
    expect(isUnwritten(encodeFrame(Buffer.from('x')))).toBe(false);
  });

  it('has a length of 56 bits: damage gives a number, not an exception', () => {
    expect(decodeFrameLength(Buffer.alloc(8, 0xff))).toEqual({ record: 2 ** 56 - 1, padding: 7 });
  });
});

describe('a bad record', () => {
  it('looks torn if one of the sectors that it covers is all zeros', () => {
    const body = Buffer.alloc(1200, 1);
    expect(looksTorn(body, 0)).toBe(false);
    body.fill(0, 512, 1024);
    expect(looksTorn(body, 0)).toBe(true);
    expect(looksTorn(body, 8)).toBe(false);
  });

  it('looks torn if the part of it in its first or last sector is all zeros', () => {
    const body = Buffer.alloc(600, 1);
    body.fill(0, 0, 12);
    expect(looksTorn(body, 500)).toBe(true);
    expect(looksTorn(body, 400)).toBe(false);
  });
});
