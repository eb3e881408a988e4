import type { StartApp } from './cli/app-handle.js';
import { SignalboxError } from './errors.js';

export const startApp: StartApp = async () => {
  throw new SignalboxError('internal', 'there is no control plane to start yet');
};
