import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Secret } from '../../base/index.ts';

/** What tokens are made of, and how many characters that has in base64url. */
const SECRET_BYTES = 32;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

const POD_TOKEN = /^holdfast-pod\.([A-Za-z0-9-]{1,64})\.([A-Za-z0-9_-]{43})$/;

export function newSecret(): Secret {
  return new Secret(randomBytes(SECRET_BYTES).toString('base64url'));
}

/** @returns undefined where the text is not what {@link newSecret} makes */
export function parseSecret(text: string): Secret | undefined {
  return SECRET.test(text.trim()) ? new Secret(text.trim()) : undefined;
}

/** The token of a pod: it says which one, and can be checked by the key alone. */
export function podToken(key: Secret, uid: string): Secret {
  if (!/^[A-Za-z0-9-]{1,64}$/.test(uid)) throw new TypeError(`no uid of a pod: ${uid}`);
  return new Secret(`holdfast-pod.${uid}.${signature(key, uid)}`);
}

/** The pod whose token this is; undefined where it is none that the key has made. */
export function podOf(key: Secret, token: string): string | undefined {
  const [, uid, signed] = POD_TOKEN.exec(token) ?? [];
  if (uid === undefined || signed === undefined) return undefined;
  return isSame(signature(key, uid), signed) ? uid : undefined;
}

/** Compares in a time that tells nothing of where two texts differ. */
export function isSame(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

function signature(key: Secret, uid: string): string {
  return createHmac('sha256', key.reveal()).update(`pod:${uid}`).digest('base64url');
}
