/** The identity of the kubeconfig cannot be used: what is wrong, without anything secret, and what to do. */
export class CredentialError extends Error {
  /** One clause. */
  readonly remedy: string;

  constructor(message: string, remedy: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = 'CredentialError';
    this.remedy = remedy;
  }
}
