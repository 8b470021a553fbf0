/**
 * Keeps one known false alarm off the terminal: with every connection kafkajs 2.2.4 sets a timer to a time
 * that lies in the past, about which Node warns since version 24. It does no harm. The same warning about
 * other code still shows.
 */
export function silenceKafkajsTimerWarning(): void {
  const emitWarning = process.emitWarning
  const filtered = (warning: string | Error, ...rest: unknown[]): void => {
    const isFromKafkajs = new Error().stack?.includes('/kafkajs/src/network/') === true
    if (rest[0] === 'TimeoutNegativeWarning' && isFromKafkajs) return
    Reflect.apply(emitWarning, process, [warning, ...rest])
  }
  process.emitWarning = filtered as typeof process.emitWarning
}
