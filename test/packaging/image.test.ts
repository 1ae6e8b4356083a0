import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { makeTemporaryFolder, succeed } from '../kit/index.ts';
import { unpackRoot, type User } from './contained.ts';
import { operateFrom } from './operator-in-image.ts';
import { buildAgain, buildPackage, readBill, type BuiltPackage } from './built-package.ts';

const CONTAINERFILE = fileURLToPath(new URL('../../Containerfile', import.meta.url));

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}
interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}
interface Configuration {
  readonly created: string;
  readonly config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly WorkingDir: string;
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

describe('the container image', () => {
  let built: BuiltPackage;
  /** The image layout, unpacked. */
  let layout: string;
  let manifest: Manifest;
  let configuration: Configuration;
  /** What `tar` lists of all layers. */
  let listing: string;

  const blob = ({ digest }: Descriptor): string => join(layout, 'blobs', ...digest.split(':'));
  const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));

  beforeAll(async () => {
    built = await buildPackage('image');
    layout = await makeTemporaryFolder();
    await succeed(['tar', '-xf', `${built.path}.tar`, '-C', layout]);
    const index = (await readJson(join(layout, 'index.json'))) as { manifests: readonly [Descriptor] };
    manifest = (await readJson(blob(index.manifests[0]))) as Manifest;
    configuration = (await readJson(blob(manifest.config))) as Configuration;
    const listed = manifest.layers.map((layer) => succeed(['tar', '-tvzf', blob(layer), '--numeric-owner', '--utc']));
    listing = (await Promise.all(listed)).join('');
  });
  afterAll(() => Promise.all([built.folder, layout].map((folder) => rm(folder, { recursive: true, force: true }))));

  it('has been run before it is called built, where this machine lets anybody do so', () => {
    expect(built.said).toMatch(
      /the image: (backed up, verified and restored, with a read-only root folder|unpacked; it was not run)/,
    );
  });

  it('runs as nobody in particular unless it is told otherwise', () => {
    expect(configuration.config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/usr/bin/holdfast'],
      WorkingDir: '/',
    });
  });

  it('runs the operator as a pod does: nothing but its service account, by whatever number a cluster gives it', async () => {
    // 1000680000 of group 0 is what OpenShift makes of a pod that names nobody.
    const users: readonly User[] = built.said.includes('as user 65532')
      ? ['65532:65532', '1000680000:0']
      : built.said.includes('as root of a user namespace')
        ? ['root of a user namespace']
        : [];
    if (users.length === 0) expect(built.said).toContain('it was not run');
    else await operateFrom(await unpackRoot(manifest.layers.map(blob)), users);
  });

  it('describes every layer by what is packed and by what is unpacked', async () => {
    const sums = manifest.layers.map(async (layer) => {
      const packed = await readFile(blob(layer));
      expect(packed.length).toBe(layer.size);
      return [packed, gunzipSync(packed)].map((bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`);
    });
    const expected = manifest.layers.map(({ digest }, index) => [digest, configuration.rootfs.diff_ids[index]]);
    expect(await Promise.all(sums)).toEqual(expected);
  });

  it('holds nothing that belongs to somebody, may be written by others, takes another user, or has a time', () => {
    const lines = listing.trim().split('\n');
    expect(lines.length).toBeGreaterThan(50);
    for (const line of lines) {
      expect(line).toMatch(/^\S+ 0\/0 .* 1970-01-01 00:00 /);
      const [mode = '', , , , , path = ''] = line.split(/\s+/);
      // Of a link only what it leads to has rights; everybody may leave files in /tmp.
      if (!mode.startsWith('l') && path !== 'tmp/') expect([mode[5], mode[8]], path).toEqual(['-', '-']);
      expect([mode[3], mode[6]], path).not.toContain('s');
    }
  });

  it('has no shell, no package manager and no etcd', () => {
    const programs = listing.split('\n').filter((line) => / usr\/s?bin\/./.test(line));
    expect(programs.map((line) => / usr\/s?bin\/([^ ]+)/.exec(line)?.[1])).toEqual(['node', 'holdfast']);
  });

  it('is the same to the byte when it is built again', async () => {
    const again = await buildAgain('image');
    onTestFinished(() => rm(again.folder, { recursive: true, force: true }));
    expect(again.sums).toBe(built.sums);
    expect(configuration.created).toBe('2023-11-14T22:13:20.000Z');
  });

  it('comes with a bill of materials of the bundle, of Node and of the system below', async () => {
    const { components } = await readBill(built);
    const names = components.map(({ name }) => name);
    const packages = [...listing.matchAll(/ var\/lib\/dpkg\/status\.d\/(\S+)/g)].map(([, name]) => name);
    expect(names).toEqual(expect.arrayContaining(['@grpc/grpc-js', '@node-rs/crc32', 'node', ...packages]));
    expect(names).not.toEqual(expect.arrayContaining(['vitest']));
    const references = components.map((component) => component['bom-ref']);
    expect(new Set(references).size).toBe(references.length);
    for (const { name, version } of components) expect(version, name).not.toBe('');
  });

  it('is what the Containerfile builds', async () => {
    const text = (await readFile(CONTAINERFILE, 'utf8')).replaceAll('\\\n', ' ');
    const last = text.slice(text.lastIndexOf('FROM scratch'));
    const { User, Env, Entrypoint, WorkingDir, Labels } = configuration.config;
    expect(last).toContain(`\nUSER ${User}\n`);
    expect(last).toContain(`\nWORKDIR ${WorkingDir}\n`);
    expect(last).toContain(`\nENTRYPOINT ${JSON.stringify(Entrypoint)}\n`);
    for (const each of Env) expect(last).toContain(`\nENV ${each}\n`);
    const labels: Readonly<Record<string, string>> = Object.fromEntries(
      [...last.matchAll(/(org\.\S+?)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value] as const),
    );
    const { 'org.opencontainers.image.created': created, ...rest } = Labels;
    expect(created).toBe(configuration.created);
    expect(labels).toEqual({ ...rest, 'org.opencontainers.image.revision': '${REVISION}' });
  });

  it('names no registry', async () => {
    const text = await readFile(CONTAINERFILE, 'utf8');
    const images = [...text.matchAll(/^(?:FROM|ARG BUILDER=)\s*(\S+)/gm)].map(([, image = '']) => image);
    for (const image of images) expect(image).not.toMatch(/^[^/]*[.:][^/]*\//);
  });
});
