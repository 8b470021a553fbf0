/** Whether what runs is what its files say, the web configuration among them. Times in milliseconds since the epoch. */
export interface ConfigurationState {
  /** When the configuration that runs was read. */
  readonly loadedAtMs: number
  /** Set while one of them is refused: when it was, and how many problems the log has of it. */
  readonly refused: { readonly atMs: number; readonly problems: number } | undefined
}
