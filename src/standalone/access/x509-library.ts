// A module of its own, to be loaded by import(): bundled, import() of a CommonJS package would lose its named exports.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** The library that makes certificates; it wants the reflection of metadata to be there before it. */
export function loadX509(): typeof x509 {
  x509.cryptoProvider.set(webcrypto);
  return x509;
}
