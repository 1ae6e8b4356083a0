export { anySignal, delay, onAbort } from './abort.ts';
export { asBuffer, formatBytes, formatId } from './bytes.ts';
export { systemClock, type Clock } from './clock.ts';
export { combineCrc32c, crc32c } from './crc32c.ts';
export {
  makePrivateFolder,
  PartFile,
  PART_SUFFIX,
  PRIVATE_FILE_MODE,
  PRIVATE_FOLDER_MODE,
  renameWithoutReplacing,
  syncFolder,
  writeFileDurably,
} from './durable-file.ts';
export {
  HoldfastError,
  messageOf,
  systemCode,
  type ErrorDetails,
  type ErrorRow,
  type ErrorTable,
  type FailureKind,
} from './errors.ts';
export { hasErrors, type Finding, type Severity } from './findings.ts';
export { silentLog, type Log, type LogFields, type LogLevel } from './log.ts';
export { silentProgress, type Progress, type ProgressStage } from './progress.ts';
export * as protobuf from './protobuf.ts';
export {
  inMemory,
  openForReading,
  openForWriting,
  type OpenFile,
  type OpenWritableFile,
  type RandomAccess,
  type WritableAccess,
} from './random-access.ts';
export { Secret } from './secret.ts';
export { systemTime, type AfterOptions, type Time } from './time.ts';
