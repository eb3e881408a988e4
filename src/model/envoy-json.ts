/** A part of Envoy's configuration in its own JSON, to be put over what Signalbox makes. */
export type EnvoyJson = Readonly<Record<string, unknown>>;
