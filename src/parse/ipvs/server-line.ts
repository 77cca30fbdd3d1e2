import type { RealServer, VirtualServer } from '../../model/ipvs.ts';

/** What a line of a listing of virtual servers says. */
export type ServerLine =
  | { readonly kind: 'virtual'; readonly server: Omit<VirtualServer, 'servers' | 'evidence'> }
  /** `of`: name of its virtual server; null: the one above. */
  | { readonly kind: 'real'; readonly of: string | null; readonly server: Omit<RealServer, 'evidence'> }
  | { readonly kind: 'heading' }
  /** One clause. */
  | { readonly kind: 'problem'; readonly problem: string };
