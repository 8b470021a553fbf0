const shown = '[secret]'

/**
 * A text that must not be seen. Whatever prints values (String, JSON, util.inspect, a logger, an assertion) gets
 * `[secret]`: the text itself is handed out by `reveal` alone, to be called where it is sent or compared.
 */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself. Keep it no longer than the call that needs it. */
  reveal(): string {
    return this.#text
  }

  /** Whether both hold the same text. */
  equals(other: Secret): boolean {
    return this.#text === other.#text
  }

  toString(): string {
    return shown
  }

  toJSON(): string {
    return shown
  }

  /** What util.inspect, and with it console.log and most of what shows errors, prints. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return shown
  }
}
