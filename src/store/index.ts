export { storageError, StoreError, storeErrors, type StoreErrorCode } from './errors.ts';
export { eachBounded, scanFolder, type FolderScan, type StoredFile, type Unreadable } from './scan.ts';
export { freeSpace, sameFileSystem, volumeSpace } from './space.ts';
export { probeWritable, removeEmptyFolder, removeFile } from './write.ts';
export { acquireLock, REPOSITORY_LOCK_NAME, type Lock, type LockOptions } from './lock.ts';
export { type ProcessIdentity } from './process-identity.ts';
