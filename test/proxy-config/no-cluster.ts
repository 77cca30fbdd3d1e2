import type { LiveAccess } from '../../src/live-question.ts';
import { NO_FLAGS } from '../collect/live/connecting.ts';

/** For questions about files, which no cluster may be asked. */
export const NO_CLUSTER: LiveAccess = {
  flags: NO_FLAGS,
  surroundings: () => {
    throw new Error('no cluster may be asked for a file');
  },
  report: () => undefined,
};
