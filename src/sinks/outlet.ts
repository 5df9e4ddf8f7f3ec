import { gather } from '../graph/delivery.ts';
import { defineOperator, type Operator } from '../graph/operator.ts';
import { reportUncaught } from '../graph/uncaught.ts';

/** Where a branch leaves the graph for another kind of stream. */
export interface Outlet {
  /** Takes an element; a promise holds the emitter back until it is settled. */
  receive(value: unknown): Promise<unknown> | undefined;
  /** No more will come: the input has ended, or the node was destroyed. Called twice, it does nothing. */
  end(): void;
}

/** Ends a branch in an {@link Outlet}. The node holds nothing: what waits, waits in the outlet. */
export function outlet(name: string): Operator<Outlet, undefined> {
  return defineOperator<Outlet, undefined>({
    name,
    version: 1,
    create: () => undefined,
    link: ({ params }) => {
      return (value) => {
        const accepted = params.receive(value);
        return accepted === undefined ? undefined : gather(undefined, accepted);
      };
    },
    flush({ params }) {
      params.end();
      return [];
    },
    forget(node) {
      try {
        node.params.end();
      } catch (error) {
        reportUncaught(node, error, undefined);
      }
      return [];
    },
  });
}
