/** What a person gave cannot be read at all: what was found there, and what to do next. */
export class InputError extends Error {
  /** The path as given. */
  readonly path: string;
  /** One or more sentences: what to do next. */
  readonly remedy: string;

  constructor(path: string, message: string, remedy: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = 'InputError';
    this.path = path;
    this.remedy = remedy;
  }
}

/** The error for a path that the file system refuses, by its code (ENOENT, EACCES …). */
export function fileSystemError(path: string, error: unknown): InputError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const options = { cause: error };
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new InputError(
        path,
        `there is nothing at ${path}`,
        'Check the path; it is taken from the current folder.',
        options,
      );
    case 'EACCES':
    case 'EPERM':
      return new InputError(
        path,
        `reading ${path} is not permitted`,
        'Change its permissions, or copy it to where you may read it.',
        options,
      );
    default:
      return new InputError(
        path,
        `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        'Try again with a copy of it.',
        options,
      );
  }
}
