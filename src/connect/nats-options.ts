// Apart from the client: these types are public, and the package is optional.

/** Settings that are handed to the package `@nats-io/transport-node` as they are. */
export interface NatsClientOptions {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** Of a further kind: a credentials file, an nkey. */
  readonly authenticator?: unknown;
  readonly tls?: object;
  /** Name of the connection, in the server's monitoring. */
  readonly name?: string;
  /** Other servers of the cluster, as `host:port`. */
  readonly servers?: readonly string[];
}
