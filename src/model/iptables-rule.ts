/** Placeholder until the rule grammar lands. */
export type Match = { readonly kind: string };
export type Target = { readonly kind: string };
