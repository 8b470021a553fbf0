/** Where a command writes: people read `write` and `error` on stdout and stderr, tests collect them. */
export interface CommandOutput {
  readonly write: (text: string) => void
  readonly error: (text: string) => void
}

export const exitCode = { ok: 0, failed: 1, usage: 2 } as const
