import { HoldfastError, type ErrorDetails, type ErrorTable } from '../base/index.ts';

export const hostErrors = {
  HOST_LAYOUT_UNKNOWN: {
    kind: 'needs-user',
    meaning: 'Nothing under the host root looks like a control plane that Holdfast knows.',
  },
  HOST_ROOT_UNUSABLE: { kind: 'needs-user', meaning: 'The host root is not an absolute path of a folder.' },
  HOST_MANIFEST_MISSING: { kind: 'needs-user', meaning: 'A static pod manifest that the layout needs is not there.' },
  HOST_MANIFEST_INVALID: { kind: 'needs-user', meaning: 'A static pod manifest cannot be understood.' },
  HOST_REVISION_MISSING: {
    kind: 'needs-user',
    meaning: 'A running static pod manifest names no revision folder, or the folder that it names is not there.',
  },
  HOST_CONFIG_INVALID: { kind: 'needs-user', meaning: 'A configuration file of the host cannot be understood.' },
  HOST_NO_ETCD: { kind: 'needs-user', meaning: 'The host keeps its cluster in a database that is not etcd.' },
  HOST_PATH_MISSING: { kind: 'needs-user', meaning: 'A path that the control plane needs is not there.' },
  HOST_PATH_UNREADABLE: { kind: 'needs-user', meaning: 'A file or folder of the host cannot be read.' },
  HOST_LINK_LOOP: { kind: 'needs-user', meaning: 'Symbolic links of the host lead round in a circle.' },
  HOST_NAME_NOT_UTF8: { kind: 'needs-user', meaning: 'The name of a file that should be saved is not valid UTF-8.' },
  HOST_FILE_CHANGED: {
    kind: 'transient',
    meaning: 'A file or folder kept changing, or vanished, while it was being saved.',
  },
  HOST_ARCHIVE_REFUSED: {
    kind: 'permanent',
    meaning: 'An archive cannot be laid back: it is damaged, or an entry of it would be written where it must not.',
  },
  HOST_WRITE_FAILED: { kind: 'needs-user', meaning: 'A file or folder of the host cannot be written.' },
  HOST_ARCHIVE_UNREADABLE: { kind: 'needs-user', meaning: 'The file of an archive cannot be opened or read.' },
} as const satisfies ErrorTable;

/** What {@link HostError.code} can be. */
export type HostErrorCode = keyof typeof hostErrors;

/** A failure while the host was being described, saved or laid back. Paths in it are the host's own, without the host root. */
export class HostError extends HoldfastError<HostErrorCode> {
  constructor(code: HostErrorCode, message: string, details: ErrorDetails) {
    super(hostErrors[code], code, message, details);
  }
}
