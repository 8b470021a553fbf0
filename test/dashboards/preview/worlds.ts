import type { FlowStoryParts, TopicLoad } from './flowStory.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** The instant at which every picture is taken; and for how long there are series before it. */
export const pictureMs = Date.UTC(2026, 2, 1, 10, 31)
export const historyMs = 6 * hour

export const worldNames = ['healthy', 'breached', 'blind', 'empty'] as const
export type WorldName = (typeof worldNames)[number]

/** What goes on in a picture; times in milliseconds since the epoch. */
export interface PreviewWorld {
  readonly name: WorldName
  /** For the people who look at the pictures. */
  readonly about: string
  readonly flows: readonly FlowStoryParts[]
  /** Exporters of the same flows; `isDown` tells when scrapes of one fail. */
  readonly replicas: readonly { readonly instance: string; readonly isDown?: (atMs: number) => boolean }[]
  /** What is chosen in the dashboards' variables. */
  readonly chosen: Readonly<Record<string, string>>
  /** When the exporters were started. */
  readonly beganMs: number
  /** False while their first poll has not ended. */
  readonly polls: boolean
}

const ago = (ms: number): number => pictureMs - ms
const began = ago(historyMs)

const loads = (rate: number, partitions: number, ...topics: readonly string[]): readonly TopicLoad[] =>
  topics.map((topic, index) => ({ topic, partitions, rate: rate / (index + 1) }))

const payments: FlowStoryParts = {
  name: 'payments',
  source: 'east',
  target: 'west',
  tier: 'gold',
  budgetMs: 5 * minute,
  topics: [
    ...loads(12, 2, 'payments', 'payments.authorised', 'payments.captured'),
    { topic: 'refunds', partitions: 1, rate: 2, retentionMs: 4 * hour },
    { topic: 'payments.ledger', partitions: 2, rate: 4, budgetMs: 3 * minute },
    { topic: 'payments.audit', partitions: 1, rate: 6, retentionMs: 15 * minute, budgetMs: 30 * minute },
  ],
}

const orders: FlowStoryParts = {
  name: 'orders',
  source: 'north',
  target: 'west',
  tier: 'gold',
  budgetMs: 5 * minute,
  topics: loads(9, 2, 'orders', 'orders.cancelled', 'orders.shipped', 'baskets', 'prices'),
}

/** More names than a screen has lines; one tries to be markup. */
const clickstreamTopics = [
  ...['checkout', 'clicks', 'consents', 'devices', 'errors', 'experiments', 'features', 'feedback', 'geo'],
  ...['impressions', 'logins', 'mail', 'notifications', 'pages', 'pricing', 'profiles', 'push', 'ratings'],
  ...['referrals', 'searches', 'sessions', 'videos', 'wishlists'],
].map(name => `web.${name}`)

const markup = `<img src=x onerror="alert(1)">&amp;'$topic'`

const clickstream: FlowStoryParts = {
  name: 'clickstream',
  source: 'south',
  target: 'west',
  tier: 'bronze',
  budgetMs: 15 * minute,
  topics: loads(40, 1, ...clickstreamTopics, markup),
}

const inventory: FlowStoryParts = {
  name: 'inventory',
  source: 'east',
  target: 'west',
  tier: 'silver',
  budgetMs: 15 * minute,
  topics: loads(3, 1, 'stock', 'stock.moves', 'suppliers'),
}

/** MirrorMaker stands still from one instant to another, and has caught up at once. */
const pauses =
  (...pauses: readonly (readonly [fromMs: number, toMs: number])[]) =>
  (atMs: number): number =>
    pauses.find(([from, to]) => atMs >= from && atMs < to)?.[0] ?? atMs

/** From an instant on MirrorMaker is too slow: what it is behind by grows to `mostMs` within half an hour. */
const slow =
  (fromMs: number, mostMs: number) =>
  (atMs: number): number =>
    atMs - mostMs * Math.min(1, Math.max(0, (atMs - fromMs) / (30 * minute)))

const chosenPayments = { flow: payments.name, topic: 'payments.ledger', job: 'tidemark' }
const both = [{ instance: 'tidemark-a:9847' }, { instance: 'tidemark-b:9847' }]

export const worlds: Readonly<Record<WorldName, PreviewWorld>> = {
  healthy: {
    name: 'healthy',
    about: 'Three flows keep their budgets; two hours ago MirrorMaker was restarted, which took 100 seconds.',
    flows: [
      payments,
      { ...orders, copiedUntil: pauses([ago(2 * hour), ago(2 * hour - 100 * second)]) },
      clickstream,
    ],
    replicas: both,
    chosen: { flow: clickstream.name, topic: markup, job: 'tidemark' },
    beganMs: began,
    polls: true,
  },
  breached: {
    name: 'breached',
    about:
      'The MirrorMaker of payments died 20 minutes ago, after it had been down for 7 minutes 4 hours ago; that of orders is too slow and has used half of the budget; clickstream is in maintenance; inventory is well.',
    flows: [
      {
        ...payments,
        copiedUntil: pauses(
          [ago(4 * hour), ago(4 * hour - 7 * minute)],
          [ago(20 * minute), Number.POSITIVE_INFINITY],
        ),
      },
      { ...orders, copiedUntil: slow(ago(90 * minute), 150 * second) },
      {
        ...clickstream,
        state: { kind: 'maintenance', untilMs: pictureMs + 90 * minute, reason: 'a new rack' },
        copiedUntil: pauses([ago(50 * minute), Number.POSITIVE_INFINITY]),
      },
      inventory,
    ],
    replicas: both,
    chosen: chosenPayments,
    beganMs: began,
    polls: true,
  },
  blind: {
    name: 'blind',
    about:
      'The cluster east has not answered for 3½ minutes (payments, inventory); of orders two topics may not be read any more; clickstream is well; one of two exporters has been down for an hour.',
    flows: [
      { ...payments, isSourceSilent: atMs => atMs >= ago(3.5 * minute) },
      {
        ...orders,
        isHidden: (topic, atMs) => ['orders', 'prices'].includes(topic) && atMs >= ago(2 * minute),
      },
      clickstream,
      { ...inventory, isSourceSilent: atMs => atMs >= ago(3.5 * minute) },
    ],
    replicas: [
      { instance: 'tidemark-a:9847' },
      { instance: 'tidemark-b:9847', isDown: atMs => atMs >= ago(hour) },
    ],
    chosen: chosenPayments,
    beganMs: began,
    polls: true,
  },
  empty: {
    name: 'empty',
    about: 'The exporters were started seconds ago, for the first time; no poll has ended yet.',
    flows: [payments, orders, clickstream],
    replicas: both,
    chosen: chosenPayments,
    beganMs: ago(20 * second),
    polls: false,
  },
}
