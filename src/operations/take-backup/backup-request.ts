import type { Manifest } from '../../backup/index.ts';
import type { Finding } from '../../base/index.ts';
import type { RetentionPolicy } from '../../retention/index.ts';
import type { Lock } from '../../store/index.ts';
import type { SourceRequest } from './backup-source.ts';
import type { ProxySettings } from './checks/proxy.ts';
import type { SnapshotInspection } from '../inspect/inspect-snapshot.ts';
import type { Preflight } from './preflight.ts';
import type { PruneReport } from '../prune-backups.ts';
import type { SnapshotOrigin } from './snapshot-origin.ts';

export interface BackupRequest extends SourceRequest {
  /** The repository; made, 0700, if it is not there. */
  readonly folder: string;
  /** Where the static pod resources go, if apart from the snapshot. */
  readonly resourcesDir: string | undefined;
  /** Go on although the cluster's state speaks against it. */
  readonly force: boolean;
  /** Applied after the backup is verified. */
  readonly retention: RetentionPolicy | undefined;
  /** For the whole run, milliseconds; undefined: no limit. */
  readonly timeoutMs: number | undefined;
  /** How long one member may be silent, milliseconds. */
  readonly idleTimeoutMs: number;
  /** What the environment says of proxies. */
  readonly proxyVariables: ProxySettings;
}

export interface BackupReport {
  readonly id: string;
  readonly folder: string;
  /** Absolute paths. */
  readonly files: { readonly snapshot: string; readonly resources: string | undefined; readonly manifest: string };
  /** OpenShift: the revision folders that were saved, as the host names them; empty elsewhere. */
  readonly staticPods: readonly { readonly name: string; readonly path: string }[];
  readonly manifest: Manifest;
  readonly inspection: SnapshotInspection;
  /** Warnings and notes; errors only where they were overridden by force. */
  readonly findings: readonly Finding[];
  /** What the retention removed; undefined where none was asked for. */
  readonly retention: PruneReport | undefined;
  readonly durationMs: number;
}

/** What was learned before the start. */
export interface Circumstances {
  readonly origin: SnapshotOrigin;
  /** Held for the whole run; asserted before the files get their names. */
  readonly locks: readonly Lock[];
  readonly preflight: Preflight;
  /** What `--force` overrode. */
  readonly forced: readonly string[];
}
