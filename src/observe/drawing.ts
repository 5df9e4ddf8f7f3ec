/** The outlines that Graphviz and Mermaid both know, as streamz uses them. */
export type Shape =
  | 'ellipse'
  | 'box'
  | 'diamond'
  | 'octagon'
  | 'doubleoctagon'
  | 'triangle'
  | 'trapezium'
  | 'cylinder';

/** One node of a {@link Drawing}. */
export interface DrawnNode {
  readonly id: string;
  readonly label: string;
  readonly shape: Shape;
  /** Element nodes run in JavaScript, column nodes in Rust; the drawing colours them apart. */
  readonly plane: 'element' | 'column';
}

/** One edge of a {@link Drawing}, between two {@link DrawnNode.id}s. */
export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  /** Position in delivery order among the edges that leave `from`; null where it is the only one. */
  readonly order: number | null;
  /** Whether it closes a cycle: elements on it wait in a queue. */
  readonly back?: boolean;
}

/** A graph of either plane or both, ready to be written as DOT, Mermaid or SVG. */
export interface Drawing {
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

/** Attributes of the whole drawing under Graphviz' names, such as `{ rankdir: 'LR' }`. */
export type DrawingAttributes = Readonly<Record<string, string | number | boolean>>;
