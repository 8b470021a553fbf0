/** How often an open page asks for itself again. */
export const refreshSeconds = 5

/**
 * The script of all pages: every few seconds it fetches the page it is on and takes over what has changed in `main`,
 * node by node, so that focus, selection, what was typed, scroll and open details stay. When that fails it says since
 * when the page is not current.
 */
export const script = `'use strict';
const everyMs = ${refreshSeconds * 1000};
const limitMs = 10000;
const main = document.getElementById('main');
const old = document.getElementById('old');
const said = document.getElementById('said');
const pause = document.getElementById('pause');
let title = document.title;
let paused = false;
let busy = false;

function timeOf(iso) {
  return iso.slice(0, 10) + ' ' + iso.slice(11, 19) + ' UTC';
}

function notCurrent(why) {
  const text = 'NOT CURRENT since ' + timeOf(main.dataset.at) + ': ' + why;
  if (old.textContent !== text) old.textContent = text;
  old.hidden = false;
  document.documentElement.classList.add('outdated');
  document.title = 'NOT CURRENT: ' + title;
}

function current(next) {
  old.hidden = true;
  old.textContent = '';
  document.documentElement.classList.remove('outdated');
  if (next !== title) said.textContent = next;
  title = next;
  if (document.title !== next) document.title = next;
}

function reason(error) {
  return error.name === 'Answer' ? error.message : 'Tidemark cannot be reached.';
}

function refused(message) {
  return Object.assign(new Error(message), { name: 'Answer' });
}

async function refresh() {
  if (busy || paused) return;
  busy = true;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(refused('Tidemark has not answered within ' + limitMs / 1000 + ' s.')), limitMs);
  try {
    const response = await fetch(location.href, { cache: 'no-store', signal: patience.signal });
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const wanted = page.getElementById('main');
    if (wanted === null) throw refused('Tidemark answers with an error (' + response.status + ').');
    if (wanted.dataset.at === main.dataset.at) throw refused('The same old answer has come again.');
    if (paused) return;
    const style = page.querySelector('style');
    if (style !== null && style.textContent !== document.querySelector('style').textContent) return location.reload();
    const focused = document.activeElement;
    const top = focused.getBoundingClientRect().top;
    take(main, wanted);
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
    // Where somebody is typing must not move; elsewhere the browser holds what is in view.
    if (main.contains(focused) && isInView(top)) scrollBy({ top: focused.getBoundingClientRect().top - top, behavior: 'instant' });
    current(page.title);
  } catch (error) {
    if (!paused) notCurrent(reason(error));
  } finally {
    clearTimeout(timer);
    busy = false;
  }
}

function isInView(top) {
  return top >= 0 && top < innerHeight;
}

function keyOf(node) {
  return node.dataset === undefined ? undefined : node.dataset.key;
}

function isSame(node, wanted) {
  return node !== null && node !== undefined && node.nodeName === wanted.nodeName && keyOf(node) === keyOf(wanted);
}

// What people did themselves is theirs.
function isTheirs(node, name) {
  return (name === 'open' && node.nodeName === 'DETAILS') || (name === 'value' && node.nodeName === 'INPUT') || name === 'selected';
}

function take(node, wanted) {
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.nodeValue !== wanted.nodeValue) node.nodeValue = wanted.nodeValue;
    return;
  }
  for (const { name } of [...node.attributes])
    if (!wanted.hasAttribute(name) && !isTheirs(node, name)) node.removeAttribute(name);
  for (const { name, value } of wanted.attributes)
    if (node.getAttribute(name) !== value && !isTheirs(node, name)) node.setAttribute(name, value);
  const keyed = new Map();
  for (const child of node.children) if (keyOf(child) !== undefined) keyed.set(keyOf(child), child);
  let at = node.firstChild;
  for (const child of [...wanted.childNodes]) {
    const key = keyOf(child);
    const found = key === undefined ? at : keyed.get(key);
    if (!isSame(found, child)) node.insertBefore(child, at);
    else {
      if (found === at) at = at.nextSibling;
      else node.insertBefore(found, at);
      take(found, child);
    }
  }
  while (at !== null) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

pause.hidden = false;
pause.addEventListener('click', () => {
  paused = !paused;
  pause.textContent = paused ? 'Refresh again' : 'Stop refreshing';
  if (paused) notCurrent('you have stopped the refreshing.');
  else refresh();
});
document.addEventListener('visibilitychange', refresh);
window.addEventListener('pageshow', event => { if (event.persisted) refresh(); });
setInterval(refresh, everyMs);
`
