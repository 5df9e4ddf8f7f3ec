import { callbacks, inputsOf, type RandomGraph, type RandomNode } from './random-graph.ts';

/** Where a node of the interpreter sends its values, and by which of their ports they arrive. */
type Edge = { readonly to: ReferenceNode; readonly port: number };

/** Takes a value in by a port and sends what comes of it. */
type Update = (x: unknown, port: number) => void;

/**
 * One node of an interpreter that is meant to be obviously right: nothing is fused, every node calls
 * the next ones through `send`, one after the other.
 */
export class ReferenceNode {
  readonly edges: Edge[] = [];
  inputs = 0;
  update: Update = (x) => this.send(x);
  flush: () => void = () => {};

  connect(to: ReferenceNode): void {
    this.edges.push({ to, port: to.inputs++ });
  }

  /** Delivers to all, also after an error; then throws all errors together. */
  send(x: unknown): void {
    const errors: unknown[] = [];
    for (const { to, port } of [...this.edges]) {
      try {
        to.update(x, port);
      } catch (error) {
        errors.push(...errorsOf(error));
      }
    }
    if (errors.length > 0) throw new AggregateError(errors);
  }
}

/** The single errors of a delivery that failed. */
export function errorsOf(error: unknown): unknown[] {
  return error instanceof AggregateError ? error.errors : [error];
}

/** Builds a random graph out of interpreter nodes; `see` is called with the values of every node. */
export function buildReference(
  graph: RandomGraph,
  see: (node: number, x: unknown) => void,
): ReferenceNode[] {
  const nodes: ReferenceNode[] = Array.from({ length: graph.sources }, () => new ReferenceNode());
  for (const spec of graph.nodes) {
    const node = new ReferenceNode();
    node.update = interpret(node, spec, inputsOf(spec, nodes.length).length);
    for (const from of inputsOf(spec, nodes.length)) nodes[from]!.connect(node);
    nodes.push(node);
  }
  nodes.forEach((node, id) => {
    const sink = new ReferenceNode();
    sink.update = (x) => see(id, x);
    node.connect(sink);
  });
  return nodes;
}

function interpret(node: ReferenceNode, spec: RandomNode, inputs: number): Update {
  const send = (x: unknown) => node.send(x);
  const sendAll = (xs: Iterable<unknown>) => {
    const errors: unknown[] = [];
    for (const x of xs) {
      try {
        node.send(x);
      } catch (error) {
        errors.push(...errorsOf(error));
      }
    }
    if (errors.length > 0) throw new AggregateError(errors);
  };
  switch (spec.op) {
    case 'map':
      return (x) => send(callbacks.map(x));
    case 'failing':
      return (x) => send(callbacks.failing(spec.on)(x));
    case 'filter':
      return (x) => callbacks.isOdd(x) && send(x);
    case 'remove':
      return (x) => !callbacks.isOdd(x) && send(x);
    case 'starmap':
      return (x) => send(callbacks.add(...callbacks.pair(x)));
    case 'pluck':
      return (x) => send([callbacks.pair(x)[1], callbacks.pair(x)[0]]);
    case 'union':
      return send;
    case 'flatten':
      return (x) => sendAll(callbacks.items(x));
    case 'frequencies':
    case 'changes': {
      const counts = new Map<unknown, number>();
      return (x) => {
        counts.set(x, (counts.get(x) ?? 0) + 1);
        send(spec.op === 'changes' ? [x, counts.get(x)] : [...counts]);
      };
    }
    case 'accumulate': {
      let state: unknown = 0;
      let isFirst = !spec.hasStart;
      return (x) => {
        state = isFirst ? x : callbacks.add(state, x);
        isFirst = false;
        send(spec.withState ? [state, state] : state);
      };
    }
    case 'returnsState': {
      let state: unknown = 0;
      let isFirst = !spec.hasStart;
      return (x) => {
        let result = x;
        if (isFirst) state = x;
        else [state, result] = callbacks.difference(state, x);
        isFirst = false;
        send(spec.withState ? [state, result] : result);
      };
    }
    case 'slice': {
      let position = -1;
      return (x) => {
        position++;
        const { start, end, step } = spec;
        if (position >= start && position < end && (position - start) % step === 0) send(x);
      };
    }
    case 'partition': {
      const buffers = new Map<unknown, unknown[]>();
      return (x) => {
        const key = spec.isKeyed ? callbacks.key(x) : 'all';
        const buffer = [...(buffers.get(key) ?? []), x];
        buffers.set(key, buffer);
        if (buffer.length < spec.n) return;
        buffers.delete(key);
        send(buffer);
      };
    }
    case 'partitionUnique': {
      let buffer: [unknown, unknown][] = [];
      return (x) => {
        const key = callbacks.key(x);
        const isKnown = buffer.some(([other]) => other === key);
        if (isKnown && spec.keep === 'first') return;
        buffer = [...buffer.filter(([other]) => other !== key), [key, x]];
        if (buffer.length < spec.n) return;
        const full = buffer.map(([, value]) => value);
        buffer = [];
        send(full);
      };
    }
    case 'slidingWindow': {
      let window: unknown[] = [];
      return (x) => {
        window = [...window, x].slice(-spec.n);
        if (window.length === spec.n || spec.returnPartial) send(window);
      };
    }
    case 'unique': {
      let seen: unknown[] = [];
      return (x) => {
        const key = spec.hashable ? x : JSON.stringify(x);
        const isKnown = seen.includes(key);
        seen = [...seen.filter((other) => other !== key), key];
        if (spec.maxsize !== undefined) seen = seen.slice(-spec.maxsize);
        if (!isKnown) send(x);
      };
    }
    case 'zip': {
      const queues = Array.from({ length: inputs }, (): unknown[] => []);
      return (x, port) => {
        queues[port]!.push(x);
        if (queues.some((queue) => queue.length === 0)) return;
        const tuple = queues.map((queue) => queue.shift());
        if (spec.literalAt !== undefined) tuple.splice(1 + (spec.literalAt % inputs), 0, 'literal');
        send(tuple);
      };
    }
    case 'combineLatest': {
      const latest: ([unknown] | undefined)[] = Array.from({ length: inputs }, () => undefined);
      return (x, port) => {
        latest[port] = [x];
        if (latest.includes(undefined)) return;
        if (spec.emitOn !== undefined && port !== spec.emitOn % inputs) return;
        send(latest.map((slot) => slot![0]));
      };
    }
    case 'zipLatest': {
      const latest: ([unknown] | undefined)[] = Array.from({ length: inputs }, () => undefined);
      const waiting: unknown[] = [];
      return (x, port) => {
        if (port === 0) waiting.push(x);
        else latest[port] = [x];
        const others = latest.slice(1);
        if (others.includes(undefined)) return;
        sendAll(waiting.splice(0).map((first) => [first, ...others.map((slot) => slot![0])]));
      };
    }
    case 'collect': {
      let kept: unknown[] = [];
      node.flush = () => {
        const all = kept;
        kept = [];
        send(all);
      };
      return (x) => void kept.push(x);
    }
  }
}
