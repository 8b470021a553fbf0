/** What reading one scalar gave: its value, or why it is not one ('' when the expectation says enough). */
export type Parsed<T> = { readonly value: T } | { readonly why: string }
