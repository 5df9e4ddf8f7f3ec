import { MillraceError } from '../errors.ts';
import { describe } from '../graph/arguments.ts';

/** A class whose first constructor argument is the stream that it is added to. */
export type NodeClass = new (...args: never[]) => object;

/** Options of `Stream.registerApi`. */
export interface RegisterOptions {
  /**
   * Attach a static method, for a source: `Stream.name(...args)` makes `new nodeClass(...args)`.
   * Default: false, a method of streams: `stream.name(...args)` makes `new nodeClass(stream, ...args)`.
   */
  readonly static?: boolean;
  /** Who registers it, for the message of a clash. Default: the class' name. */
  readonly plugin?: string;
}

/** Who registered which name; static methods under a key of their own. */
const registered = new Map<string, string>();

/** Attaches a node class to a class of streams as a method; see `Stream.registerApi`. */
export function registerApi(
  target: { readonly name: string; readonly prototype: object },
  name: string,
  nodeClass: NodeClass,
  options: RegisterOptions = {},
): void {
  if (typeof name !== 'string' || !/^[A-Za-z_$][\w$]*$/.test(name)) {
    throw new TypeError(`Cannot register: the name must be an identifier, got ${describe(name)}`);
  }
  if (typeof nodeClass !== 'function' || !/^class\b/.test(String(nodeClass))) {
    throw new TypeError(
      `Cannot register ${name}: a class of nodes is wanted, got ${describe(nodeClass)}`,
    );
  }
  const isStatic = options.static ?? false;
  const plugin = options.plugin ?? nodeClass.name;
  const host = isStatic ? target : target.prototype;
  const shown = isStatic ? `${target.name}.${name}` : name;
  if (name in host) {
    const owner = registered.get(shown) ?? `millrace itself`;
    throw new MillraceError(
      'ERR_NAME_TAKEN',
      `Cannot register ${shown} for ${plugin}: the name is taken by ${owner}`,
    );
  }
  registered.set(shown, plugin);
  const make = nodeClass as new (...args: unknown[]) => object;
  Object.defineProperty(host, name, {
    configurable: true,
    writable: true,
    value: isStatic
      ? (...args: unknown[]) => new make(...args)
      : function (this: object, ...args: unknown[]) {
          return new make(this, ...args);
        },
  });
}

/** Takes back what {@link registerApi} did; nothing happens for a name it did not register. */
export function unregisterApi(
  target: { readonly name: string; readonly prototype: object },
  name: string,
  options: Pick<RegisterOptions, 'static'> = {},
): void {
  const isStatic = options.static ?? false;
  if (!registered.delete(isStatic ? `${target.name}.${name}` : name)) return;
  Reflect.deleteProperty(isStatic ? target : target.prototype, name);
}
