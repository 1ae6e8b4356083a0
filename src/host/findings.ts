import type { Finding } from '../base/index.ts';

/** Codes of what {@link describeHost}, {@link inspectCertificates}, {@link writeResourcesArchive} and {@link verifyArchive} report. */
export const hostFindings = {
  HOST_ETCD_NOT_FOUND: 'The host does not say where its etcd is or which certificates open it.',
  HOST_NODE_UNKNOWN: 'The name of this node could not be learned, so the local etcd member is a guess.',
  HOST_REFERENCED_FILE_MISSING:
    'A flag or configuration file names a file that is not on the host, so it was not saved.',
  HOST_LINK_NOT_FOLLOWED: 'A symbolic link leads to something that the archive does not hold.',
  HOST_SPECIAL_FILE_SKIPPED: 'A socket, pipe or device was left out of the archive.',
  HOST_CERTIFICATE_EXPIRED: 'A certificate that is in use, or that would be saved, has expired.',
  HOST_CERTIFICATE_EXPIRES_SOON: 'A certificate that is in use, or that would be saved, expires within 24 hours.',
  HOST_CERTIFICATE_BUNDLE_MEMBER_EXPIRED: 'A bundle holds an expired certificate beside valid ones.',
  HOST_CERTIFICATE_UNREADABLE: 'A file holds something that calls itself a certificate and is not one.',
  HOST_INSTALLER_CERTIFICATES: "The installer's short-lived first certificates are still in use.",
  HOST_ARCHIVE_DAMAGED: 'The archive is damaged: its compression, a header or its end is not as it was written.',
  HOST_ARCHIVE_TRUNCATED: 'The archive ends before its end mark.',
  HOST_ARCHIVE_TRAILING_DATA: 'Bytes follow the end of the archive.',
  HOST_ARCHIVE_EMPTY: 'The archive holds nothing.',
  HOST_ARCHIVE_TOO_LARGE: 'The archive unpacks to more bytes or entries than a control plane can have.',
  HOST_ARCHIVE_UNSAFE_NAME: 'The name of an entry would be written outside the folder that is restored into.',
  HOST_ARCHIVE_UNSAFE_LINK:
    'A hard link leads outside the archive, or an entry would be written through a symbolic link.',
  HOST_ARCHIVE_LINK_LEAVES: 'A symbolic link leads to something that the archive does not hold.',
  HOST_ARCHIVE_DUPLICATE_NAME: 'Two entries have the same name; the later one wins.',
  HOST_ARCHIVE_UNSUPPORTED_ENTRY:
    'An entry is of a kind that has no place in a control plane (a device, a sparse file …).',
} as const satisfies Readonly<Record<string, string>>;

/** What the `code` of a finding of this folder can be. */
export type HostFindingCode = keyof typeof hostFindings;

/** A finding whose code stands in the table. */
export interface HostFinding extends Finding {
  readonly code: HostFindingCode;
}
