import { closeSync, openSync, readSync } from 'node:fs';

/** What decides which binary runs: the operating system, the CPU and, on Linux, the C library. */
export interface Host {
  readonly platform: string;
  readonly arch: string;
  /** `musl` or `glibc` on Linux; elsewhere there is nothing to tell apart. */
  readonly libc?: 'glibc' | 'musl';
}

/**
 * The name of the binary for a host, as in npm/<name>/ and `@millrace/<name>`. It is built from what
 * the host says whether or not such a binary is published.
 */
export function platformName({ platform, arch, libc }: Host): string {
  if (platform === 'linux') return `linux-${arch}-${libc === 'musl' ? 'musl' : 'gnu'}`;
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}

/** The host this process runs on. */
export function currentHost(): Host {
  const { platform, arch } = process;
  return platform === 'linux' ? { platform, arch, libc: currentLibc() } : { platform, arch };
}

// An executable names its loader near its start, and the loader belongs to the C library. That
// costs one read of a page; the report, asked where the name has been moved, takes milliseconds.
function currentLibc(): 'glibc' | 'musl' {
  const start = readStart(process.execPath, 4096);
  if (start.includes('/ld-musl-')) return 'musl';
  if (start.includes('/ld-linux')) return 'glibc';
  const header = (process.report.getReport() as { header: { glibcVersionRuntime?: string } })
    .header;
  return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

function readStart(path: string, length: number): string {
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(length);
      return bytes.toString('latin1', 0, readSync(file, bytes, 0, length, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}
