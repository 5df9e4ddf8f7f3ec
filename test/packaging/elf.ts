/** What a 64-bit little-endian ELF library asks of the system that loads it. */
export interface Needs {
  /** Version names by library, such as `GLIBC_2.17` of `libc.so.6`. */
  readonly versions: ReadonlyMap<string, readonly string[]>;
  /** Whether the library stays in memory when it is closed (`-z nodelete`). */
  readonly nodelete: boolean;
}

const SHT_DYNAMIC = 6;
const SHT_GNU_VERNEED = 0x6ffffffe;
const DT_NULL = 0n;
const DT_FLAGS_1 = 0x6ffffffbn;
const DF_1_NODELETE = 0x8n;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  /** The index of a section that this one refers to: here that of its strings. */
  readonly link: number;
}

/** Reads the version requirements and the dynamic flags of an ELF file. */
export function readNeeds(file: Buffer): Needs {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    throw new TypeError('Cannot read an ELF file: wanted 64-bit little-endian');
  }
  const sections = readSections(file);
  return { versions: readVersions(file, sections), nodelete: readNodelete(file, sections) };
}

function readSections(file: Buffer): Section[] {
  const start = Number(file.readBigUInt64LE(0x28));
  const entrySize = file.readUInt16LE(0x3a);
  return Array.from({ length: file.readUInt16LE(0x3c) }, (_, index) => {
    const at = start + index * entrySize;
    return {
      type: file.readUInt32LE(at + 4),
      offset: Number(file.readBigUInt64LE(at + 24)),
      size: Number(file.readBigUInt64LE(at + 32)),
      link: file.readUInt32LE(at + 40),
    };
  });
}

// A chain of libraries, each with a chain of the versions wanted of it.
function readVersions(file: Buffer, sections: readonly Section[]): Map<string, string[]> {
  const versions = new Map<string, string[]>();
  const section = sections.find(({ type }) => type === SHT_GNU_VERNEED);
  if (section === undefined) return versions;
  const strings = sections[section.link]!.offset;
  const text = (at: number) => file.toString('latin1', strings + at, file.indexOf(0, strings + at));
  for (let library = section.offset; ; library += file.readUInt32LE(library + 12)) {
    const names: string[] = [];
    let version = library + file.readUInt32LE(library + 8);
    for (let left = file.readUInt16LE(library + 2); left > 0; left--) {
      names.push(text(file.readUInt32LE(version + 8)));
      version += file.readUInt32LE(version + 12);
    }
    versions.set(text(file.readUInt32LE(library + 4)), names);
    if (file.readUInt32LE(library + 12) === 0) return versions;
  }
}

function readNodelete(file: Buffer, sections: readonly Section[]): boolean {
  const section = sections.find(({ type }) => type === SHT_DYNAMIC);
  if (section === undefined) return false;
  for (let at = section.offset; at < section.offset + section.size; at += 16) {
    const tag = file.readBigUInt64LE(at);
    if (tag === DT_NULL) break;
    if (tag === DT_FLAGS_1) return (file.readBigUInt64LE(at + 8) & DF_1_NODELETE) !== 0n;
  }
  return false;
}
