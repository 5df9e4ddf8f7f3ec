import { requireStep } from './arguments.ts';
import { linkOperator } from './closure.ts';
import { collectError, type Delivery, gather, join, raise, settle } from './delivery.ts';
import {
  closeIterator,
  emitArray,
  emitArrayAfter,
  emitIterator,
  emitIteratorAfter,
  emitTracked,
  isIndexed,
  iteratorOf,
  sendHeld,
} from './entry.ts';
import type { Tag } from './metadata.ts';
import type { Compiler, Edge, Emit, EmitMany, Node } from './node.ts';
import type { Held, Receive, Template } from './operator.ts';
import type { Unit } from './unit.ts';

/**
 * Nodes inlined into one function. V8 stops optimizing functions beyond 60 KB of bytecode and
 * parses nested blocks recursively, so a long or wide graph is cut into functions of this size.
 */
const NODES_PER_FUNCTION = 48;

/**
 * Generates one text for a whole graph and evaluates it. Every entry becomes a function into which
 * the operators downstream are inlined, depth first, in order of subscription; nodes that several
 * edges lead to, and the output sides of joins, become functions of their own that are called.
 *
 * Why this is fast: each text is unique (its id is in a comment, and V8 shares feedback between
 * equal texts), so every call site in it sees one callback only; what it refers to are constants
 * of one closure, which V8 folds; and state is in objects, since a closure variable that is
 * written allocates a heap number per write.
 */
export function generateUnit(
  unit: Unit,
  back: ReadonlySet<Edge>,
  entries: readonly Node[],
  id: string,
  compiler: Compiler,
  divert: (edge: Edge, value: unknown, tag: Tag) => Delivery,
): void {
  new Generator(unit, back, entries, id, compiler, divert).evaluate();
}

/** A name fit for a comment in generated text: whatever could end the comment becomes `_`. */
export function plainName(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 40);
}

class Generator {
  readonly #unit: Unit;
  readonly #back: ReadonlySet<Edge>;
  readonly #entries: readonly Node[];
  readonly #id: string;
  readonly #compiler: Compiler;
  readonly #divert: (edge: Edge, value: unknown, tag: Tag) => Delivery;
  readonly #constants = new Map<unknown, string>();
  /** Functions asked for, by name; the value writes the text. More are asked for meanwhile. */
  readonly #functions = new Map<string, () => string>();
  readonly #linked = new Map<string, string>();
  readonly #results: string[] = [];
  readonly #install: ((results: readonly unknown[], index: number) => void)[] = [];
  #locals = 0;
  #nodesLeft = NODES_PER_FUNCTION;

  constructor(
    unit: Unit,
    back: ReadonlySet<Edge>,
    entries: readonly Node[],
    id: string,
    compiler: Compiler,
    divert: (edge: Edge, value: unknown, tag: Tag) => Delivery,
  ) {
    this.#unit = unit;
    this.#back = back;
    this.#entries = entries;
    this.#id = id;
    this.#compiler = compiler;
    this.#divert = divert;
  }

  evaluate(): void {
    for (const node of this.#entries) this.#addEntry(node);
    for (const node of this.#unit.members) if (node.isAddressed) this.#addReceivers(node);
    const functions: string[] = [];
    for (const [name, write] of this.#functions) functions.push(`const ${name} = ${write()};`);
    const constants = [...this.#constants.values()].map((name, i) => `const ${name} = $[${i}];`);
    const linked = [...this.#linked].map(([name, text]) => `const ${name} = ${text};`);
    const text = [
      `/*${this.#id}*/ 'use strict';`,
      ...constants,
      ...functions,
      ...linked,
      `return [${this.#results.join(', ')}];`,
      `//# sourceURL=millrace/${this.#id}`,
    ].join('\n');
    const results: unknown = new Function('$', text)([...this.#constants.keys()]);
    if (!Array.isArray(results)) throw new TypeError('Cannot compile: no functions came back');
    this.#install.forEach((install, i) => {
      install(results, i);
    });
    this.#unit.text = text;
  }

  // Names

  #constant(value: unknown, hint: string): string {
    const known = this.#constants.get(value);
    if (known !== undefined) return known;
    const name = `$${hint}${this.#constants.size}`;
    this.#constants.set(value, name);
    return name;
  }

  #local(hint: string): string {
    return `${hint}${++this.#locals}`;
  }

  /** `name(value)`, with the metadata too in the tracked variant. */
  #arguments(value: string, tag: string | undefined): string {
    return this.#unit.isTracked ? `${value}, ${tag}` : value;
  }

  // Functions

  #body(write: () => string): string {
    this.#nodesLeft = NODES_PER_FUNCTION;
    return write();
  }

  #function(name: string, write: (value: string, tag: string | undefined) => string): string {
    if (!this.#functions.has(name)) {
      this.#functions.set(name, () => {
        const value = this.#local('x');
        const tag = this.#unit.isTracked ? this.#local('tag') : undefined;
        const body = this.#body(() => write(value, tag));
        return `(${this.#arguments(value, tag)}) => {\nlet p;\n${body}\nreturn p;\n}`;
      });
    }
    return name;
  }

  #outputFunction(node: Node): string {
    return this.#function(`output${node.id}`, (value, tag) => this.#fanOut(node, value, tag));
  }

  #inputFunction(node: Node, port: number): string {
    return this.#function(`input${node.id}_${port}`, (value, tag) =>
      this.#operator(node, port, value, tag),
    );
  }

  #addReceivers(node: Node): void {
    const list: Receive[] = [];
    this.#unit.receivers.set(node, list);
    const ports = node.operator.ports ? node.inputs.length : 1;
    for (let port = 0; port < ports; port++) {
      this.#results.push(this.#inputFunction(node, port));
      this.#install.push((results, i) => {
        list[port] = results[i] as Receive;
      });
    }
  }

  #addEntry(node: Node): void {
    this.#functions.set(`emit${node.id}`, () => this.#emitText(node));
    this.#functions.set(`emitMany${node.id}`, () => this.#emitManyText(node));
    this.#results.push(`emit${node.id}`, `emitMany${node.id}`);
    this.#install.push(
      (results, i) => {
        const emit = results[i] as Emit;
        const emitMany = results[i + 1] as EmitMany;
        this.#unit.entries.set(node, { emit, emitMany });
      },
      () => {},
    );
  }

  #emitText(node: Node): string {
    const unit = this.#constant(this.#unit, 'unit');
    const reenter = this.#constant(this.#compiler, 'compiler');
    const self = this.#constant(node, 'node');
    const settled = this.#constant(settle, 'settle');
    const done = `return p === undefined ? undefined : ${settled}(p, ${this.#constant(node.inFlight, 'inFlight')});`;
    const head = `function emit(x, options) {\nif (${unit}.stale`;
    const again = `return ${reenter}.emit(${self}, x, options);\n`;
    if (this.#unit.isTracked) {
      const tracked = this.#constant(emitTracked, 'emitTracked');
      return `${head}) ${again}return ${tracked}(${self}, ${this.#entryFunction(node)}, x, options);\n}`;
    }
    if (this.#back.size > 0) {
      const run = `const p = ${this.#entryFunction(node)}(x);\n`;
      return `${head} || options !== undefined) ${again}${run}${done}\n}`;
    }
    const body = this.#body(() => this.#fanOut(node, 'x', undefined));
    return `${head} || options !== undefined) ${again}let p;\n${body}\n${done}\n}`;
  }

  /** A function `(value, tag) => Delivery`: the output, run to the end of the queue if cyclic. */
  #entryFunction(node: Node): string {
    const output = this.#outputFunction(node);
    if (this.#back.size === 0) return output;
    const loop = this.#constant(this.#unit.loop, 'loop');
    return `((x, tag) => ${loop}.run(${output}, x, tag))`;
  }

  #emitManyText(node: Node): string {
    const self = this.#constant(node, 'node');
    const indexed = this.#constant(isIndexed, 'isIndexed');
    const array = this.#constant(emitArray, 'emitArray');
    const iterator = this.#constant(iteratorOf, 'iteratorOf');
    const rest = this.#constant(emitIterator, 'emitIterator');
    if (this.#unit.isTracked || this.#back.size > 0) {
      const plain = `${array}(${self}, xs, 0) : ${rest}(${self}, ${iterator}(xs))`;
      return `function emitMany(xs) {\nreturn ${indexed}(xs) ? ${plain};\n}`;
    }
    const unit = this.#constant(this.#unit, 'unit');
    const settled = this.#constant(settle, 'settle');
    const inFlight = this.#constant(node.inFlight, 'inFlight');
    const arrayAfter = this.#constant(emitArrayAfter, 'emitArrayAfter');
    const name = `emitIterator${node.id}`;
    this.#functions.set(name, () => this.#emitIteratorText(node));
    const body = this.#body(() => this.#fanOut(node, 'x', undefined));
    return `function emitMany(xs) {
if (!${indexed}(xs)) return ${name}(${iterator}(xs));
for (let i = 0; i < xs.length; i++) {
if (${unit}.stale) return ${array}(${self}, xs, i);
const x = xs[i];
let p;
${body}
if (p !== undefined) return ${arrayAfter}(${settled}(p, ${inFlight}), ${self}, xs, i + 1);
}
}`;
  }

  #emitIteratorText(node: Node): string {
    const self = this.#constant(node, 'node');
    const unit = this.#constant(this.#unit, 'unit');
    const settled = this.#constant(settle, 'settle');
    const inFlight = this.#constant(node.inFlight, 'inFlight');
    const rest = this.#constant(emitIterator, 'emitIterator');
    const restAfter = this.#constant(emitIteratorAfter, 'emitIteratorAfter');
    const close = this.#constant(closeIterator, 'closeIterator');
    const stepOf = this.#constant(requireStep, 'stepOf');
    const body = this.#body(() => this.#fanOut(node, 'x', undefined));
    return `function emitMany(iterator) {
for (;;) {
if (${unit}.stale) return ${rest}(${self}, iterator);
const step = ${stepOf}('emitMany', iterator.next());
if (step.done) return;
const x = step.value;
let p;
try {
${body}
} catch (error) {
${close}(iterator);
throw error;
}
if (p !== undefined) return ${restAfter}(${settled}(p, ${inFlight}), ${self}, iterator);
}
}`;
  }

  // Statements

  /** Delivers a value to all that is downstream of a node. */
  #fanOut(node: Node, value: string, tag: string | undefined): string {
    const [only] = node.outputs;
    if (only === undefined) return '';
    if (node.outputs.length === 1) return this.#edge(only, value, tag);
    const errors = this.#local('errors');
    const branches = node.outputs.map((edge) =>
      this.#attempt(errors, this.#edge(edge, value, tag)),
    );
    return [`let ${errors};`, ...branches, this.#raise(errors)].join('\n');
  }

  #edge(edge: Edge, value: string, tag: string | undefined): string {
    const { to } = edge;
    if (this.#back.has(edge)) {
      const loop = this.#constant(this.#unit.loop, 'loop');
      const self = this.#constant(edge, 'edge');
      return `${loop}.push(${self}, ${this.#arguments(value, tag)});`;
    }
    const port = to.operator.ports ? edge.port : 0;
    const isShared = !to.operator.ports && to.inputs.length > 1;
    const text =
      isShared || this.#nodesLeft <= 0
        ? this.#call(this.#inputFunction(to, port), value, tag)
        : this.#operator(to, port, value, tag);
    if (!to.operator.ports) return text;
    // An input may have come or gone since this emission began: ask where the edge leads now.
    const unit = this.#constant(this.#unit, 'unit');
    const self = this.#constant(edge, 'edge');
    const divert = this.#constant(this.#divert, 'divert');
    const diverted = this.#join(`${divert}(${self}, ${this.#arguments(value, tag)})`);
    return `if (${unit}.stale) {\n${diverted}\n} else {\n${text}\n}`;
  }

  #operator(node: Node, port: number, value: string, tag: string | undefined): string {
    this.#nodesLeft--;
    const { operator } = node;
    if (operator.generate === undefined || node.guard !== undefined) {
      return this.#call(this.#linkedFunction(node, port), value, tag);
    }
    const text = operator.generate(this.#template(node, port, value, tag));
    return `/* ${plainName(operator.name)} */ ${text}`;
  }

  #linkedFunction(node: Node, port: number): string {
    const name = `linked${node.id}_${port}`;
    if (!this.#linked.has(name)) {
      const link = (output: Receive) => linkOperator(node, output, port);
      // A boundary emits later, through its entry.
      const output = node.operator.boundary ? '' : this.#outputFunction(node);
      this.#linked.set(name, `${this.#constant(link, 'link')}(${output})`);
    }
    return name;
  }

  #call(name: string, value: string, tag: string | undefined): string {
    return this.#join(`${name}(${this.#arguments(value, tag)})`);
  }

  #join(expression: string): string {
    const more = this.#local('more');
    const joined = this.#constant(join, 'join');
    return `const ${more} = ${expression};\nif (${more} !== undefined) p = ${joined}(p, ${more});`;
  }

  #attempt(errors: string, statements: string): string {
    const collect = this.#constant(collectError, 'collectError');
    return `try {\n${statements}\n} catch (error) {\n${errors} = ${collect}(${errors}, error);\n}`;
  }

  #raise(errors: string): string {
    return `if (${errors} !== undefined) p = ${this.#constant(raise, 'raise')}(${errors}, p);`;
  }

  #template(
    node: Node,
    port: number,
    input: string,
    tag: string | undefined,
  ): Template<unknown, unknown> {
    let emits = 0;
    const send = (expression: string, held?: Held): string => {
      const output = this.#outputFunction(node);
      const outTag = held?.tag ?? tag;
      if (this.#unit.isTracked && held?.release !== undefined) {
        const sent = this.#constant(sendHeld, 'sendHeld');
        return this.#join(`${sent}(${output}, ${expression}, ${outTag}, ${held.release})`);
      }
      return this.#call(output, expression, outTag);
    };
    return {
      node,
      params: node.params,
      state: node.state,
      input,
      port,
      tag,
      constant: (value, hint) => this.#constant(value, hint),
      local: (hint) => this.#local(hint),
      send,
      emit: (expression, held) => {
        if (++emits > 1) throw new TypeError(`Cannot compile ${node.operator.name}: emits twice`);
        const isHeld = this.#unit.isTracked && held?.release !== undefined;
        if (isHeld || (node.operator.ports && node.inputs.length > 1)) {
          return send(expression, held);
        }
        const outTag = this.#unit.isTracked ? (held?.tag ?? tag) : undefined;
        if (/^[\w$]+$/.test(expression)) return this.#fanOut(node, expression, outTag);
        const value = this.#local('v');
        return `const ${value} = ${expression};\n${this.#fanOut(node, value, outTag)}`;
      },
      gather: (expression) => `p = ${this.#constant(gather, 'gather')}(p, ${expression});`,
      gatherResult: (result) => {
        const isPromise = `typeof ${result} === 'object' && ${result} !== null && typeof ${result}.then === 'function'`;
        return `if (${isPromise}) p = ${this.#constant(gather, 'gather')}(p, ${result});`;
      },
      attempt: (errors, statements) => this.#attempt(errors, statements),
      raise: (errors) => this.#raise(errors),
    };
  }
}
