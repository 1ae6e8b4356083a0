import { execFile } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts';
import { temporarySampleHost } from '../../../test/kit/temporary-sample-host.ts';
import { hasErrors } from '../../base/index.ts';
import { describeHost } from '../describe-host.ts';
import { BLOCK, encodeHeader, paddingOf, type WritableHeader } from './tar-format.ts';
import { verifyArchive, type ArchiveReport, type VerifyArchiveOptions } from './verify-archive.ts';
import { writeResourcesArchive } from './write-archive.ts';

const run = promisify(execFile);
const END = Buffer.alloc(2 * BLOCK);

async function* pieces(bytes: Uint8Array, size = 4096): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

function entry(header: Partial<WritableHeader>, content = ''): Buffer {
  const size = content.length;
  const whole = {
    name: 'a',
    type: 'file' as const,
    mode: 0o600,
    uid: 0,
    gid: 0,
    mtime: 0,
    linkName: '',
    size,
    ...header,
  };
  return Buffer.concat([encodeHeader(whole), Buffer.from(content), Buffer.alloc(paddingOf(size))]);
}

function verify(blocks: readonly Buffer[], options?: VerifyArchiveOptions): Promise<ArchiveReport> {
  return verifyArchive(pieces(gzipSync(Buffer.concat([...blocks, END]))), options);
}

async function codes(blocks: readonly Buffer[]): Promise<readonly string[]> {
  return (await verify(blocks)).findings.map(({ severity, code }) => `${severity} ${code}`);
}

/** What an archive says, but for how it is compressed. */
function meaning({ entries, contentBytes, files }: ArchiveReport): unknown {
  return {
    entries,
    contentBytes,
    files: [...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString('hex')]),
  };
}

async function sampleArchive(): Promise<Buffer> {
  const { root } = await temporarySampleHost({ layout: 'openshift', encryption: true });
  const written: Buffer[] = [];
  await writeResourcesArchive(await describeHost({ hostRoot: root }), {
    write: (bytes) => {
      written.push(Buffer.from(bytes));
      return Promise.resolve({ bytesWritten: bytes.length });
    },
  });
  return Buffer.concat(written);
}

describe('verifying a damaged archive', () => {
  const want = (): boolean => true;

  it('never calls it good, wherever it is cut', async () => {
    const whole = await sampleArchive();
    const property = fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
      const report = await verifyArchive(pieces(whole.subarray(0, length)));
      expect(hasErrors(report.findings)).toBe(true);
      expect(report.size).toBe(length);
    });
    await fc.assert(property, { examples: [[0], [1], [10], [whole.length - 1], [whole.length - 8]], numRuns: 60 });
  });

  it('never calls it good where a flipped byte changed anything that it holds', async () => {
    const whole = await sampleArchive();
    const before = meaning(await verifyArchive(pieces(whole), { want }));
    const property = fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(at) ^ flip, at);
      const report = await verifyArchive(pieces(damaged), { want });
      if (hasErrors(report.findings)) return;
      // Some bits mean nothing: gzip's notes on time and system (RFC 1952), what fills up the last byte of the data, the length
      // of a code that no symbol uses (RFC 1951).
      expect(meaning(report), `byte ${at} of ${whole.length}`).toEqual(before);
    });
    await fc.assert(property, {
      numRuns: 150,
      examples: [
        [whole.length - 9, 192],
        [3, 1],
        [9, 255],
        [1757, 2],
      ],
    });
  });

  it('never calls it good where damage happened before it was compressed', async () => {
    const tar = Buffer.concat([entry({ name: 'a' }, 'x'.repeat(600)), entry({ name: 'b', type: 'folder' }), END]);
    for (const at of [0, 120, 150, 1536, 1536 + 300, tar.length - 1]) {
      const damaged = Buffer.from(tar);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 0x55, at);
      const report = await verifyArchive(pieces(gzipSync(damaged)));
      expect(hasErrors(report.findings), `byte ${at}`).toBe(true);
    }
  });

  it('says that bytes follow the end, of the archive or of the compressed data', async () => {
    const whole = gzipSync(Buffer.concat([entry({}), END]));
    for (const [code, bytes] of [
      ['HOST_ARCHIVE_DAMAGED', Buffer.concat([whole, Buffer.from('trailing')])],
      ['HOST_ARCHIVE_TRAILING_DATA', Buffer.concat([whole, Buffer.alloc(3)])],
      ['HOST_ARCHIVE_TRAILING_DATA', gzipSync(Buffer.concat([entry({}), END, entry({ name: 'hidden' }), END]))],
      ['HOST_ARCHIVE_TRAILING_DATA', Buffer.concat([whole, gzipSync(Buffer.from('second member'))])],
    ] as const) {
      for (const size of [1, 4096]) {
        const { findings } = await verifyArchive(pieces(bytes, size));
        expect(findings.map((finding) => finding.code)).toEqual([code]);
      }
    }
  });

  it('takes random bytes, compressed or not, without failing itself', async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.boolean(), async (noise, compressed) => {
      const report = await verifyArchive(pieces(compressed ? gzipSync(noise) : noise, 100));
      expect(hasErrors(report.findings)).toBe(true);
    });
    await fc.assert(property);
  });

  it('says that an archive with nothing in it holds nothing', async () => {
    expect(await codes([])).toEqual(['error HOST_ARCHIVE_EMPTY']);
  });
});

describe('verifying a hostile archive', () => {
  it.each(['/etc/shadow', '../up', 'a/../../up', 'a/..', '..'])('reports the name %s', async (name) => {
    expect(await codes([entry({ name })])).toContain('error HOST_ARCHIVE_UNSAFE_NAME');
  });

  it('reports hard links to what the archive does not hold, in any direction', async () => {
    for (const linkName of ['/etc/shadow', '../x', 'later', 'folder']) {
      const blocks = [
        entry({ name: 'folder', type: 'folder' }),
        entry({ name: 'l', type: 'hard-link', linkName }),
        entry({ name: 'later' }),
      ];
      expect(await codes(blocks), linkName).toEqual(['error HOST_ARCHIVE_UNSAFE_LINK']);
    }
    expect(await codes([entry({ name: 'f' }), entry({ name: 'l', type: 'hard-link', linkName: './f' })])).toEqual([]);
  });

  it('reports an entry that would be written through a link of the same archive', async () => {
    const link = entry({ name: 'x', type: 'symlink', linkName: '/etc' });
    expect(await codes([link, entry({ name: 'x/shadow' })])).toContain('error HOST_ARCHIVE_UNSAFE_LINK');
    expect(await codes([link, entry({ name: './x//deep/shadow' })])).toContain('error HOST_ARCHIVE_UNSAFE_LINK');
    const twice = entry({ name: 'h', type: 'hard-link', linkName: 'x/shadow' });
    expect(await codes([link, twice])).toContain('error HOST_ARCHIVE_UNSAFE_LINK');
  });

  it('warns of a link that leads to what the archive does not hold, and of no other', async () => {
    const link = (linkName: string): Promise<readonly string[]> =>
      codes([entry({ name: 'data/f' }), entry({ name: 'data/l', type: 'symlink', linkName })]);
    for (const target of ['/etc/shadow', '../../up', '../..'])
      expect(await link(target), target).toEqual(['warning HOST_ARCHIVE_LINK_LEAVES']);
    for (const target of ['f', './f', '../data/f', '/data/f', '/data', 'dangling'])
      expect(await link(target), target).toEqual([]);
    const name = 'static-pod-resources/etcd-pod-3';
    expect(
      await codes([
        entry({ name: `${name}/f` }),
        entry({ name: `${name}/l`, type: 'symlink', linkName: `/etc/kubernetes/${name}/f` }),
      ]),
    ).toEqual([]);
  });

  it('reports devices, and a name that comes twice', async () => {
    const { stdout } = await run('sh', [
      '-c',
      'mkdir "$0/d" && mkfifo "$0/d/p" && tar -cf - -C "$0" d | base64 -w0',
      await temporaryFolder(),
    ]);
    const { findings } = await verifyArchive(pieces(gzipSync(Buffer.from(stdout, 'base64'))));
    expect(findings).toMatchObject([{ code: 'HOST_ARCHIVE_UNSUPPORTED_ENTRY', where: 'd/p' }]);
    expect(await codes([entry({}), entry({})])).toEqual(['warning HOST_ARCHIVE_DUPLICATE_NAME']);
  });

  it('stops a bomb before it fills the memory or the day', async () => {
    const zeros = entry({ type: 'file', size: 50_000_000 });
    const bomb = gzipSync(Buffer.concat([zeros, Buffer.alloc(50_000_000 + paddingOf(50_000_000)), END]));
    const large = await verifyArchive(pieces(bomb), { maxUnpackedBytes: 1_000_000 });
    expect(large.findings.map(({ code }) => code)).toEqual(['HOST_ARCHIVE_TOO_LARGE']);
    const tail = gzipSync(Buffer.concat([entry({}), Buffer.alloc(50_000_000)]));
    const zeroes = await verifyArchive(pieces(tail), { maxUnpackedBytes: 1_000_000 });
    expect(zeroes.findings.map(({ code }) => code)).toEqual(['HOST_ARCHIVE_TOO_LARGE']);
    const deep = await verify([entry({ name: 'd/'.repeat(100_000) })]);
    expect(deep.findings.map(({ code }) => code)).toEqual(['HOST_ARCHIVE_TOO_LARGE']);
    const many = await verify(
      Array.from({ length: 20 }, (_, index) => entry({ name: `n${index}` })),
      { maxEntries: 10 },
    );
    expect(many.findings.map(({ code }) => code)).toEqual(['HOST_ARCHIVE_TOO_LARGE']);
    const wanted = await verify([entry({}, 'x'.repeat(2 ** 20 + 1))], { want: () => true });
    expect(wanted.findings.map(({ code }) => code)).toEqual(['HOST_ARCHIVE_TOO_LARGE']);
  });

  it('prints no control characters out of names', async () => {
    const { findings } = await verify([entry({ name: '/\u001b[2Jevil' })]);
    expect(findings[0]?.message).not.toContain('\u001b');
  });
});

describe('verifying what other tools wrote', () => {
  it.each(['gnu', 'posix', 'ustar', 'oldgnu'])("reads GNU tar's %s format", async (format) => {
    const folder = await temporaryFolder();
    const name = format === 'ustar' ? 'name' : 'n'.repeat(180);
    await writeFile(join(folder, name), 'content');
    await symlink(name, join(folder, 'link'));
    const file = join(await temporaryFolder(), 'a.tar.gz');
    await run('tar', ['-czf', file, `--format=${format}`, '-C', folder, '.']);
    const report = await verifyArchive(file, { want: (each) => each === name });
    expect(report.findings).toEqual([]);
    expect(report.entries.map((each) => each.name).sort()).toEqual(['.', 'link', name].sort());
    expect(Buffer.from(report.files.get(name) ?? []).toString()).toBe('content');
  });

  it('says which file cannot be read', async () => {
    await expect(verifyArchive('/nowhere/a.tar.gz')).rejects.toMatchObject({
      code: 'HOST_ARCHIVE_UNREADABLE',
      subject: '/nowhere/a.tar.gz',
    });
  });

  it('stops with the reason of the signal, and counts the bytes that it read', async () => {
    const file = join(await temporaryFolder(), 'a.tar.gz');
    await writeFile(file, await sampleArchive());
    const reason = new Error('enough');
    await expect(verifyArchive(file, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    let bytes = 0;
    await verifyArchive(file, { onBytes: (more) => (bytes += more) });
    expect(bytes).toBe((await readFile(file)).length);
  });
});
