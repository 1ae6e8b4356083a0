import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inMemory, openForReading, openForWriting } from './random-access.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'random-access-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (): string => join(folder, 'file');

describe('a file opened for reading, and bytes in memory', () => {
  it('are read at any position, short only at the end', () => {
    writeFileSync(file(), 'abcdefgh');
    const onDisk = openForReading(file());
    for (const source of [onDisk, inMemory(Buffer.from('abcdefgh'))]) {
      expect(source.size).toBe(8);
      for (const [position, count] of [
        [0, 4],
        [6, 2],
        [8, 0],
      ] as const) {
        const target = Buffer.alloc(4);
        expect(source.read(target, position)).toBe(count);
        expect(target.subarray(0, count).toString()).toBe('abcdefgh'.slice(position, position + count));
      }
    }
    onDisk.close();
  });
});

describe('a file opened for writing', () => {
  it('grows by what is written behind its end, with zeros between, and reads it back', () => {
    const access = openForWriting(file(), { create: true });
    expect(access.size).toBe(0);
    access.write(Buffer.from('xyz'), 5);
    access.write(Buffer.from('a'), 0);
    expect(access.size).toBe(8);
    const target = Buffer.alloc(20);
    expect(access.read(target, 0)).toBe(8);
    expect(target.subarray(0, 8).toString()).toBe('a\0\0\0\0xyz');
    access.sync();
    access.close();
    expect(readFileSync(file()).length).toBe(8);
  });

  it('keeps what it holds, and knows its size', () => {
    writeFileSync(file(), 'abc');
    const access = openForWriting(file());
    expect(access.size).toBe(3);
    access.write(Buffer.from('X'), 1);
    access.close();
    expect(readFileSync(file(), 'utf8')).toBe('aXc');
  });

  it('is made for this user alone, and never in the place of another', () => {
    openForWriting(file(), { create: true }).close();
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(() => openForWriting(file(), { create: true })).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    expect(() => openForWriting(join(folder, 'absent'))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});
