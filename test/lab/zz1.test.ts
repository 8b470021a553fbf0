import { beforeAll, expect, it } from 'vitest'
import { type SharedPair, sharedPair } from './support/pair.ts'
let pair: SharedPair
beforeAll(async () => { pair = await sharedPair() })
it('shares', async () => { console.log('PAIR', process.pid, pair.source.brokers[0]?.pid); pair.source.pause(); await pair.target.kill(); await pair.mirrorMaker.kill(); expect(1).toBe(1) })
