import type { Manifest } from '../../backup/index.ts';
import type { Finding } from '../../base/index.ts';
import type { RetentionPolicy } from '../../retention/index.ts';
import type { Lock } from '../../store/index.ts';
import type { SourceRequest } from './backup-source.ts';
import type { ProxySettings } from './checks/proxy.ts';
import type { Preflight } from './preflight.ts';
import type { PruneReport } from '../prune-backups.ts';
import type { SnapshotOrigin } from './snapshot-origin.ts';

export interface BackupRequest extends SourceRequest {
  /** The repository; made, 0700, if it is not there. */
  readonly folder: string;
  /**
   * The custom resource that asks for it. The backup then lies in a sub-folder of its own, `backup-<name>-<timestamp>`.
   */
  readonly resource?: BackupResource | undefined;
  /** Where the static pod resources go, if apart from the snapshot. */
  readonly resourcesDir: string | undefined;
  /** Go on although the cluster's state speaks against it. */
  readonly force: boolean;
  /** Go on although an operator of OpenShift rolls out, or nobody knows; nothing else is overridden. */
  readonly despiteRollout?: boolean | undefined;
  /** How long to wait where a rollout stands in the way, milliseconds; undefined: not at all. */
  readonly rolloutWaitMs?: number | undefined;
  /** Applied after the backup is verified. */
  readonly retention: RetentionPolicy | undefined;
  /** For the whole run, milliseconds; undefined: no limit. */
  readonly timeoutMs: number | undefined;
  /** How long to wait where another run holds the repository or the cluster, milliseconds; undefined: not at all. */
  readonly lockWaitMs?: number | undefined;
  /** How long one member may be silent, milliseconds. */
  readonly idleTimeoutMs: number;
  /** What the environment says of proxies; undefined: nobody has use for being told of the cluster's. */
  readonly proxyVariables: ProxySettings | undefined;
}

/** The custom resource that a backup is taken for. */
export interface BackupResource {
  /** Of the EtcdBackup. */
  readonly name: string;
  /** Where a finished backup for this one is found, it is reported again, and no second one taken. */
  readonly uid?: string | undefined;
  /** The recurring Backup that it belongs to; its retention counts the backups of this series alone. */
  readonly series?: string | undefined;
}

export interface BackupReport {
  readonly id: string;
  /** The repository. */
  readonly folder: string;
  /** The folder below it that holds the backup's files; undefined: the repository itself. */
  readonly subfolder: string | undefined;
  /** Absolute paths. */
  readonly files: { readonly snapshot: string; readonly resources: string | undefined; readonly manifest: string };
  /** OpenShift: the revision folders that were saved, as the host names them; empty elsewhere. */
  readonly staticPods: readonly { readonly name: string; readonly path: string }[];
  readonly manifest: Manifest;
  /** All its files together. */
  readonly bytes: number;
  /** An earlier run for the same resource had taken it; this one read it back. */
  readonly isRepeated: boolean;
  /** Warnings and notes; errors only where they were overridden by force. */
  readonly findings: readonly Finding[];
  /** What the retention removed; undefined where none was asked for. */
  readonly retention: PruneReport | undefined;
  /** The file system of the repository after all that; undefined where it could not be asked any more. */
  readonly volume: { readonly freeBytes: number; readonly totalBytes: number } | undefined;
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
