import { openForReading } from '../../src/base/index.ts';
import { updateBolt } from '../../src/bolt/index.ts';

/** A database's entries: bucket, then key and value in hexadecimal. */
export type DatabaseDump = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Reads every bucket of a bolt file that nobody writes to now. */
export function dumpDatabase(path: string): DatabaseDump {
  const file = openForReading(path);
  const refuse = (): never => {
    throw new Error('a dump writes nothing');
  };
  const readOnly = { size: file.size, read: file.read.bind(file), write: refuse, sync: refuse };
  try {
    return updateBolt(readOnly, (transaction) =>
      Object.fromEntries(
        [...transaction.bucketNames()].map((name) => {
          const entries = [...transaction.requireBucket(name).entries()];
          return [
            Buffer.from(name).toString(),
            Object.fromEntries(entries.map(({ key, value }) => [hex(key), hex(value)])),
          ];
        }),
      ),
    );
  } finally {
    file.close();
  }
}

/** The same without some entries; keys as text. */
export function without(dump: DatabaseDump, bucket: string, keys?: readonly string[]): DatabaseDump {
  const hidden = keys?.map((key) => hex(Buffer.from(key)));
  const entries = Object.entries(dump[bucket] ?? {}).filter(([key]) => hidden !== undefined && !hidden.includes(key));
  return { ...dump, [bucket]: Object.fromEntries(entries) };
}

function hex(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? 'a bucket' : Buffer.from(bytes).toString('hex');
}
