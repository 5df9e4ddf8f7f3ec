import { Worker } from 'node:worker_threads';

const CLIENT = `
const { connect } = require('node:net');
const { parentPort, workerData } = require('node:worker_threads');
parentPort.on('message', (port) => {
  const socket = connect(port, '127.0.0.1');
  socket.end(Buffer.from(workerData));
  socket.resume();
});`;

/** Sends the same bytes to a server in this process, from a thread of its own, as often as asked. */
export class Feeder {
  readonly #worker: Worker;

  constructor(text: string) {
    const bytes = Buffer.from(text);
    const shared = new SharedArrayBuffer(bytes.length);
    bytes.copy(Buffer.from(shared));
    this.#worker = new Worker(CLIENT, { eval: true, workerData: shared });
    this.#worker.unref();
  }

  /** Connects to a port of this machine, sends everything and closes. */
  feed(port: number): void {
    this.#worker.postMessage(port);
  }
}
