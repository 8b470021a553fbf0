/** Whether what runs is what its file says. Times in milliseconds since the epoch. */
export interface ConfigurationState {
  /** When the configuration that runs was read. */
  readonly loadedAtMs: number
  /** Set while the file is refused: when it was, and how many problems the log has of it. */
  readonly refused: { readonly atMs: number; readonly problems: number } | undefined
}
