import type { WritableAccess } from '../base/index.ts';
import { BoltError } from './errors.ts';
import { encodeFreelist } from './freelist.ts';
import { LeafNode } from './leaf-node.ts';
import { encodeMeta } from './meta.ts';
import { PageWriter } from './page-writer.ts';

export interface CreateBoltOptions {
  /** Bytes of a page: a power of two from 1024 to 65,536. Default: 4096. */
  readonly pageSize?: number | undefined;
}

/**
 * Makes an empty bolt file, as bbolt does (db.go, init): two metas, an empty list of free pages, an empty root bucket.
 *
 * @throws BoltError `BOLT_NOT_EMPTY` if there are bytes already, `BOLT_WRITE_FAILED`
 */
export function createBolt(access: WritableAccess, options: CreateBoltOptions = {}): void {
  const pageSize = options.pageSize ?? 4096;
  if (!Number.isInteger(Math.log2(pageSize)) || pageSize < 1024 || pageSize > 65_536) {
    throw new TypeError(`pageSize must be a power of two from 1024 to 65536, got ${pageSize}`);
  }
  if (access.size !== 0) {
    throw new BoltError('BOLT_NOT_EMPTY', `a bolt file was to be made where ${access.size} bytes are already`, {
      hint: 'Name a file that does not exist.',
    });
  }
  const writer = new PageWriter(access, pageSize);
  const pages = writer.pages(0, 4);
  const at = (page: number): Uint8Array => pages.subarray(page * pageSize, (page + 1) * pageSize);
  const meta = { pageSize, root: 3n, sequence: 0n, freelist: 2n, highWater: 4n };
  encodeMeta(at(0), 0, { ...meta, txid: 0n });
  encodeMeta(at(1), 1, { ...meta, txid: 1n });
  encodeFreelist(at(2), { id: 2, overflow: 0 }, new Uint32Array(0));
  LeafNode.empty().encode(at(3), { id: 3, overflow: 0 }, 0, 0);
  writer.sync();
}
