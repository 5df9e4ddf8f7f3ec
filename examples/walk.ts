/**
 * Walks a tree of folders by a graph that feeds itself: every folder found goes back to the source.
 *
 *     node --import tsx examples/walk.ts [folder]
 */
import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Stream } from 'millrace';

const root = process.argv[2] ?? 'examples';

const folders = new Stream<string>({ name: 'folders' });
const entries = folders
  .map((folder) =>
    readdirSync(folder)
      .sort()
      .map((name) => join(folder, name)),
  )
  .flatten();

const isFolder = (path: string) => statSync(path).isDirectory();
entries.remove(isFolder).sink((file) => console.log(relative(root, file)));
entries.filter(isFolder).connect(folders);

folders.emit(root);
