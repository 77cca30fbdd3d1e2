/** One line on standard error: what the lab is doing. Seconds since this process started tell what takes long. */
export function progress(text: string): void {
  process.stderr.write(`lab ${process.uptime().toFixed(1).padStart(6)}s  ${text}\n`);
}
