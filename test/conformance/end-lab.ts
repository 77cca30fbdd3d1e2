import { defaultName } from '../lab/lab.ts';
import { beginAndEndWithout } from '../lab/without-labs.ts';

export default (): Promise<() => Promise<void>> => beginAndEndWithout([defaultName()]);
