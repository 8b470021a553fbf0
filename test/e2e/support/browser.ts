import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { runCommand } from '../../../lab/command.ts'
import { ensureTools } from '../../../lab/tools.ts'

let running: Promise<Browser> | undefined

/** The one Chromium of all tests; what is missing of it on this machine is installed. */
export function browser(): Promise<Browser> {
  running ??= launch()
  return running
}

export async function closeBrowser(): Promise<void> {
  await (await running)?.close()
  running = undefined
}

async function launch(): Promise<Browser> {
  await ensureTools(['chromium'])
  return chromium.launch({
    executablePath: await onPath('chromium'),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-lcd-text',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  })
}

/** Playwright wants the whole path. */
async function onPath(command: string): Promise<string> {
  const { output } = await runCommand('which', [command])
  return output.trim()
}

export const desktop = { viewport: { width: 1280, height: 800 }, colorScheme: 'light' } as const
export const phone = {
  viewport: { width: 360, height: 740 },
  colorScheme: 'dark',
  hasTouch: true,
  isMobile: true,
} as const

/** A page that writes down what it should not have done. */
export interface WatchedPage {
  readonly page: Page
  /** What the console said, errors that nobody caught, dialogs. */
  readonly complaints: readonly string[]
  /** Addresses of all requests. */
  readonly requests: readonly string[]
}

/** A new window for this test. */
export async function openWindow(options: BrowserContextOptions = desktop): Promise<WatchedPage> {
  const context = await (await browser()).newContext(options)
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const complaints: string[] = []
  const requests: string[] = []
  page.on('console', message => complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('dialog', dialog => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', request => requests.push(request.url()))
  return { page, complaints, requests }
}
