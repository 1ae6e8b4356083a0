import { readEncryptionProgress, readEncryptionType, readInfrastructure, readRelease } from './openshift-facts.ts';
import { readKubeadmVersion, readUid } from './versions.ts';

/** The objects that say which cluster this is, by their paths behind the prefix, and what is read from each. */
const WELL_KNOWN = {
  kubeSystemUid: object('namespaces/kube-system', readUid),
  kubeadmVersion: object('configmaps/kube-system/kubeadm-config', readKubeadmVersion),
  release: object('config.openshift.io/clusterversions/version', readRelease),
  infrastructure: object('config.openshift.io/infrastructures/cluster', readInfrastructure),
  encryptionType: object('config.openshift.io/apiservers/cluster', readEncryptionType),
  kubeApiServer: object('operator.openshift.io/kubeapiservers/cluster', readEncryptionProgress),
  openshiftApiServer: object('operator.openshift.io/openshiftapiservers/cluster', readEncryptionProgress),
  authentication: object('operator.openshift.io/authentications/cluster', readEncryptionProgress),
};

type WellKnown = typeof WELL_KNOWN;

/** The last that was seen of each; no fact where the object was deleted or cannot be read. Absent where it was not seen. */
export type LastSeen = {
  readonly [name in keyof WellKnown]?: { readonly fact: ReturnType<WellKnown[name]['read']> };
};

function object<T>(path: string, read: (value: Uint8Array) => T): { path: Buffer; read: (value: Uint8Array) => T } {
  return { path: Buffer.from(path), read };
}

type Name = keyof WellKnown;
const NAMES = Object.keys(WELL_KNOWN) as readonly Name[];

/** Remembers the last value of each while entries go by. */
export class WellKnownObjects {
  readonly #values = new Map<Name, Buffer | 'deleted'>();

  /** Which of them a key is of, given where its path begins behind the prefix; undefined for all others. */
  nameOf(bytes: Buffer, path: number, end: number): Name | undefined {
    const length = end - path;
    return NAMES.find((name) => {
      const wanted = WELL_KNOWN[name].path;
      return wanted.length === length && bytes.compare(wanted, 0, length, path, end) === 0;
    });
  }

  see(name: Name, value: Buffer | 'deleted'): void {
    this.#values.set(name, value);
  }

  lastSeen(): LastSeen {
    return Object.fromEntries(
      [...this.#values].map(([name, value]) => [
        name,
        { fact: value === 'deleted' ? undefined : WELL_KNOWN[name].read(value) },
      ]),
    );
  }
}

/** Joins what parts of one key space have seen, given in the order of their revisions. */
export function joinLastSeen(parts: readonly LastSeen[]): LastSeen {
  return Object.assign({}, ...parts) as LastSeen;
}
