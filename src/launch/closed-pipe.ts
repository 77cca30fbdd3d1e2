/**
 * Ends the process without a word when the reader of `stream` goes away (`| head`), with the exit status settled so far.
 * Without it the error of the write (EPIPE) would end the process with a stack trace.
 */
export function endQuietlyOnClosedPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}
