/**
 * Text as UTF-8 without byte order mark. PowerShell's `>` writes UTF-16, which is how files captured from Windows often come.
 * Anything else is given back as it is.
 */
export function toUtf8(bytes: Buffer): Buffer {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return Buffer.from(bytes.toString('utf16le', 2), 'utf8');
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return Buffer.from(swapped(bytes.subarray(2)).toString('utf16le'), 'utf8');
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return bytes.subarray(3);
  return bytes;
}

function swapped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2))).swap16();
}
