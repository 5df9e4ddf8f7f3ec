// Apart from the client: these types are public, and the package is optional.

/** Settings that are handed to the package `mqtt` as they are. */
export interface MqttClientOptions {
  readonly username?: string;
  readonly password?: string;
  /** 5 (the default), or 4 for MQTT 3.1.1. */
  readonly protocolVersion?: 4 | 5;
  /** Seconds between signs of life. Default: 60. */
  readonly keepalive?: number;
  /** Milliseconds that connecting may take. Default: 30,000. */
  readonly connectTimeout?: number;
  /** TLS: certificates and keys, where they are not the system's. */
  readonly ca?: unknown;
  readonly cert?: unknown;
  readonly key?: unknown;
  readonly rejectUnauthorized?: boolean;
  /** What the broker publishes when the connection is lost. */
  readonly will?: object;
}
