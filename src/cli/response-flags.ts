import { RESPONSE_FLAGS } from '../explain/why/flags.ts';

/** Every response flag with what it says, for completion. */
export const offeredResponseFlags = RESPONSE_FLAGS.map(({ code, meaning }) => `${code}\t${meaning}`);
