import type { NodeAccess, NodeRefusal } from './node-place.ts';

/** Reads no node. */
export class NoAccess implements NodeAccess {
  readonly remedy = 'run it with --node-access exec';

  async open(): Promise<NodeRefusal> {
    return { gap: 'missing', problem: 'nodes were not to be read (--node-access none)', remedy: this.remedy };
  }

  async close(): Promise<void> {
    // Nothing was made.
  }
}
