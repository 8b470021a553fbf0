import type { FlowStory } from './recordings.ts'

const at = Date.parse

/** Everything that can happen to a flow happens in October. */
export const eastToWest: FlowStory = {
  flow: 'east-to-west',
  tier: 'gold',
  objective: 0.999,
  windowSeconds: 28 * 86_400,
  times: [
    { kind: 'breached', from: '2026-09-30T23:40Z', to: '2026-10-01T00:20Z' },
    { kind: 'breached', from: '2026-10-10T23:50Z', to: '2026-10-11T00:10Z' },
    {
      kind: 'maintenance',
      untilMs: at('2026-10-12T08:00Z'),
      from: '2026-10-12T06:00Z',
      to: '2026-10-12T08:00Z',
    },
    { kind: 'silent', from: '2026-10-15T10:00Z', to: '2026-10-15T10:02Z' },
    { kind: 'unreported', from: '2026-10-15T10:02Z', to: '2026-10-15T10:30Z' },
    { kind: 'nothing', from: '2026-10-20T00:00Z', to: '2026-10-20T06:00Z' },
    { kind: 'breached', from: '2026-10-31T23:30Z', to: '2026-11-01T00:45Z' },
  ],
}

/** All is well but for one evaluation, which no query in steps of five minutes would see. */
export const westToEast: FlowStory = {
  flow: 'west-to-east',
  objective: 0.99,
  windowSeconds: 30 * 86_400,
  times: [{ kind: 'breached', from: '2026-10-05T12:01Z', to: '2026-10-05T12:02Z' }],
}

/** The same name in another environment, which another exporter watches; failed over on the tenth. */
export const westToEastOfTest: FlowStory = {
  ...westToEast,
  labels: { job: 'tidemark-test' },
  offsetSeconds: 17,
  times: [{ kind: 'failed_over', from: '2026-10-10T00:00Z', to: '2026-11-02T00:00Z' }],
}
