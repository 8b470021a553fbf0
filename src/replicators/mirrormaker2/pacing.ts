import type { EnginePacing } from '../../model/engine.ts'
import type { MirrorMaker2Settings } from '../../model/flow.ts'

/** `offset.lag.max`: org.apache.kafka.connect.mirror.MirrorSourceConfig. */
const offsetLagMax = 100n

/** How often MirrorMaker commits, and how far apart its offset syncs are at most. */
export function mirrorMaker2Pacing(settings: MirrorMaker2Settings): EnginePacing {
  return { commitIntervalMs: settings.offsetFlushIntervalMs, pairSpacing: offsetLagMax }
}
