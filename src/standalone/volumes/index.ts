/** Volumes that are folders: claims find or get one, and lose it as their reclaim policy says. */
export type { ClaimFolder } from './claim-folder.ts';
export { createVolumeControllers, type VolumeControllers, type VolumeControllersOptions } from './controllers.ts';
export { FOLDER_CLASS, FOLDER_PROVISIONER, NO_PROVISIONER, SELECTED_NODE } from './names.ts';
