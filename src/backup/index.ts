export {
  filesOf,
  scanRepository,
  type Backup,
  type BackupFile,
  type BackupState,
  type Catalog,
  type CatalogOptions,
} from './catalog.ts';
export { BackupError, backupErrors, backupFindings } from './errors.ts';
export { readManifest } from './manifest-file.ts';
export {
  decodeManifest,
  encodeManifest,
  MANIFEST_SCHEMA_VERSION,
  MAX_MANIFEST_BYTES,
  type Manifest,
  type ManifestEncryption,
  type ManifestResources,
  type ManifestSnapshot,
} from './manifest.ts';
export {
  DIRTY_MARKER,
  formatBackupFileName,
  formatBackupFolderName,
  formatBackupId,
  formatTimestamp,
  parseBackupFileName,
  parseBackupFolderName,
  parseTimestamp,
  type BackupFileName,
  type BackupFolderName,
  type FileKind,
} from './names.ts';
export {
  findUnfinished,
  finishPublish,
  type PublishStep,
  type Unfinished,
  type UnfinishedOptions,
  type UnfinishedPublish,
} from './unfinished.ts';
