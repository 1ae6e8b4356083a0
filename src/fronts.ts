import type { Fronts } from './cli/index.ts';

export const fronts: Fronts = {
  startStandalone: () => Promise.reject(new Error('none')),
  requestBackup: () => Promise.reject(new Error('none')),
};
