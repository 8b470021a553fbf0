import type { EngineNaming, EnginePacing } from '../model/engine.ts'
import type { Flow } from '../model/flow.ts'

/** What stays the same from poll to poll. */
export interface CompareContext {
  readonly flow: Flow
  readonly naming: EngineNaming
  readonly pacing: EnginePacing
  /** The longest gap between two polls, in milliseconds. */
  readonly pollMs: number
}
