import type { ResolvedSettings } from './settings.ts';

/** Where backups go, as labels of figures. */
export function storageLabels(
  pvcName: string | undefined,
  { hostFolder }: ResolvedSettings,
): { readonly storage_type: string; readonly storage_location: string } {
  return pvcName === undefined || pvcName === ''
    ? { storage_type: 'Local', storage_location: hostFolder }
    : { storage_type: 'PVC', storage_location: pvcName };
}
