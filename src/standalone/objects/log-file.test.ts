import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogFields } from '../../base/index.ts';
import { silentLog } from '../../base/index.ts';
import { decodeFrame, encodeFrame, FRAME_HEADER_BYTES } from './frame.ts';
import { LogFile } from './log-file.ts';
import { LOG_NAME } from './object-store.ts';
import { contents, newFolder, openStore, podKey, put } from './test-store.ts';

let folder: string;
let path: string;
let remove: () => Promise<void>;

beforeEach(async () => {
  ({ folder, remove } = await newFolder());
  path = join(folder, LOG_NAME);
});
afterEach(() => remove());

/** A store with three pods, closed; gives back where each write ended in the file. */
async function threePods(): Promise<readonly number[]> {
  const store = await openStore(folder);
  const ends: number[] = [];
  for (const name of ['a', 'b', 'c']) {
    await put(store, podKey(name), { name });
    ends.push((await stat(path)).size);
  }
  await store.close();
  return ends;
}

async function flip(offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 0x40, offset);
  await writeFile(path, bytes);
}

describe('a frame', () => {
  it('comes back as it went in', () => {
    const frame = encodeFrame(Buffer.from('hello'));
    expect(decodeFrame(frame, 0)?.toString()).toBe('hello');
  });

  it('is refused with any byte changed, and at any shorter length', () => {
    const frame = encodeFrame(Buffer.from('{"n":12}'));
    for (let at = 0; at < frame.length; at++) {
      const changed = Buffer.from(frame);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(decodeFrame(changed, 0)).toBeUndefined();
      expect(decodeFrame(frame.subarray(0, at), 0)).toBeUndefined();
    }
  });

  it('is never seen in zeros', () => {
    expect(decodeFrame(Buffer.alloc(64), 0)).toBeUndefined();
  });
});

describe('the log', () => {
  it('loses only the write that was torn, wherever it was torn', async () => {
    const ends = await threePods();
    const whole = await readFile(path);
    const [, second = 0, third = 0] = ends;
    for (let cut = second; cut < third; cut++) {
      await writeFile(path, whole.subarray(0, cut));
      const store = await openStore(folder);
      expect(Object.keys(contents(store))).toEqual(['default/a', 'default/b']);
      await store.close();
      expect((await stat(path)).size).toBe(second);
    }
  });

  it('goes on where the torn write was cut off, and says that it cut', async () => {
    const ends = await threePods();
    await truncate(path, (ends[2] ?? 0) - 3);
    const warnings: (LogFields | undefined)[] = [];
    const log = { ...silentLog, warn: (_: string, fields?: LogFields) => void warnings.push(fields) };
    const store = await openStore(folder, { log });
    await put(store, podKey('d'), {});
    await store.close();
    expect(warnings).toMatchObject([{ path }]);
    const again = await openStore(folder);
    expect(Object.keys(contents(again))).toEqual(['default/a', 'default/b', 'default/d']);
    await again.close();
  });

  it('takes zeros at its end for a write that never came', async () => {
    await threePods();
    await appendFile(path, Buffer.alloc(4096));
    const store = await openStore(folder);
    expect(Object.keys(contents(store))).toHaveLength(3);
    await store.close();
  });

  it('refuses to open with any byte changed before the last write', async () => {
    const ends = await threePods();
    const whole = await readFile(path);
    for (let at = 0; at < (ends[1] ?? 0); at += 7) {
      await writeFile(path, whole);
      await flip(at);
      await expect(openStore(folder)).rejects.toMatchObject({ code: 'STANDALONE_STORE_DAMAGED', subject: path });
    }
  });

  it('refuses an empty file and one that somebody else wrote', async () => {
    for (const content of ['', 'hello', encodeFrame(Buffer.from('{"some":"thing"}'))]) {
      await writeFile(path, content);
      await expect(openStore(folder)).rejects.toMatchObject({ code: 'STANDALONE_STORE_DAMAGED' });
    }
  });

  it('says so where a newer Holdfast wrote it', async () => {
    const heading = { holdfast: 'objects', version: 99, revision: '5', objects: 0 };
    await writeFile(path, encodeFrame(Buffer.from(JSON.stringify(heading))));
    await expect(openStore(folder)).rejects.toMatchObject({ code: 'STANDALONE_STORE_NEWER' });
  });

  it('removes what a killed compaction left', async () => {
    await threePods();
    await writeFile(`${path}.part`, 'half a file');
    const store = await openStore(folder, { compactAboveBytes: 1 });
    await put(store, podKey('d'), {});
    expect(Object.keys(contents(store))).toHaveLength(4);
    await store.close();
  });

  it('appends nothing after a failed flush before it was written anew', async () => {
    const file = await LogFile.create(path, [Buffer.from('one')]);
    const whole = file.size;
    await file.close();
    await expect(file.append(Buffer.from('two'))).rejects.toThrow();
    expect(file.isSuspect).toBe(true);
    await expect(file.append(Buffer.from('two'))).rejects.toThrow(TypeError);
    await file.rewrite([Buffer.from('one')]);
    await file.append(Buffer.from('three'));
    expect(file.size).toBe(whole + FRAME_HEADER_BYTES + 5);
    await file.close();
  });
});
