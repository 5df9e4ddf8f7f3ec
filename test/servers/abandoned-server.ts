import { redis } from './kinds.ts';
import { ServerProcess } from './test-server.ts';

/** Run as a process of its own, and killed once it has said where its server is. */
const { place } = await ServerProcess.start(redis);
process.stdout.write(JSON.stringify(place));
setInterval(() => {}, 1000);
