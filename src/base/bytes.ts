/** `4.0 MiB`-style sizes: binary units, one decimal from KiB upward. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** Lower-case hexadecimal of an unsigned 64-bit number, as etcd prints cluster and member ids. */
export function formatId(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16);
}

/** A Buffer over the same memory as `bytes`, for its number readers. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
