/** The one stylesheet of all pages. A tone is a colour with one meaning; what it says stands beside it as a word. */
export const style = `
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #fff; --card: #f6f8fa; --soft: #57606a; --line: #d0d7de; --link: #0550ae;
  --good: #116329; --warn: #7d4e00; --bad: #a40e26; --blind: #5a32a3; --idle: #57606a; }
@media screen and (prefers-color-scheme: dark) { :root { --fg: #e6edf3; --bg: #0d1117; --card: #161b22; --soft: #9da7b3; --line: #3d444d; --link: #79c0ff;
  --good: #56d364; --warn: #e3b341; --bad: #ff7b72; --blind: #d2a8ff; --idle: #9da7b3; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg); max-width: 68rem; margin: 0 auto; padding: 0 1rem 1rem; overflow-wrap: anywhere; }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
main:focus { outline: none; }
h1, h2, h3 { line-height: 1.25; margin: 0; }
h1 { font-size: 1.75rem; } h2 { font-size: 1.3rem; } h3 { font-size: 1.05rem; margin-top: 1rem; }
p { margin: .4rem 0; } ul { margin: .2rem 0 .6rem; padding-left: 1.3rem; }
.soft { color: var(--soft); } .small { font-size: .875rem; }
.skip { position: absolute; left: -100vw; } .skip:focus { left: 1rem; top: .5rem; z-index: 2; background: var(--bg); padding: .5rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.top { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; padding: .6rem 0; border-bottom: 1px solid var(--line); }
.brand { font-weight: 700; margin: 0; } .top nav { flex: 1; } .top ol { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem; margin: 0; padding: 0; }
.top li + li::before { content: "› "; color: var(--soft); }
button, input, select { font: inherit; color: inherit; background: var(--bg); border: 1px solid var(--soft); border-radius: 4px; padding: .3rem .6rem; min-height: 2.25rem; max-width: 100%; }
.old { position: fixed; inset: 0 0 auto; z-index: 1; margin: 0; padding: .6rem 1rem; font-size: 1.1rem; font-weight: 700; background: var(--bad); color: var(--bg); }
.outdated body { padding-top: 3.5rem; } .outdated main { filter: grayscale(1); }
.verdict { margin: 1rem 0; padding: .8rem 1rem; border: 2px solid var(--tone); border-left-width: 10px; border-radius: 4px; background: var(--card); }
.verdict h1 { color: var(--tone); } .verdict p { margin: .3rem 0 0; }
.kept { --tone: var(--good); } .near { --tone: var(--warn); } .breached { --tone: var(--bad); } .blind { --tone: var(--blind); } .idle { --tone: var(--idle); }
.covered { --tone: var(--good); } .behind, .pending, .stalled { --tone: var(--warn); } .unknown { --tone: var(--blind); }
.flow { border: 1px solid var(--line); border-left: 10px solid var(--tone); border-radius: 4px; padding: .8rem 1rem; margin: 1rem 0; break-inside: avoid-page; }
.head { display: flex; flex-wrap: wrap; gap: .3rem .8rem; align-items: center; }
.chip { display: inline-block; border: 1px solid var(--tone); border-radius: 1rem; padding: 0 .6rem; font-weight: 700; white-space: nowrap; color: var(--tone); }
.chip.full { background: var(--tone); color: var(--bg); }
.body { display: grid; grid-template: "words aside" auto "more aside" 1fr / minmax(0, 1fr) 17rem; gap: 0 1.5rem; }
.words { grid-area: words; } .aside { grid-area: aside; } .more { grid-area: more; }
.loss { font-size: 1.3rem; line-height: 1.35; margin: .5rem 0; }
.figure { margin: .3rem 0; } .figure b { display: block; font-size: 2rem; line-height: 1.2; color: var(--tone); }
figure { margin: .5rem 0; } figcaption { font-size: .8125rem; color: var(--soft); }
.spark { display: block; width: 100%; height: 4rem; background: var(--card); border: 1px solid var(--line); }
.wide .spark { height: 7rem; }
.spark path { fill: none; stroke: var(--fg); stroke-width: 2; vector-effect: non-scaling-stroke; }
.spark line { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 6 4; vector-effect: non-scaling-stroke; }
.spark .gap { fill: var(--blind); fill-opacity: .25; } .spark .over { fill: var(--bad); }
.list { margin: .6rem 0; padding-left: .8rem; border-left: 4px solid var(--tone); } .list h3 { color: var(--tone); margin: 0; font-size: 1rem; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; } caption { text-align: left; font-weight: 700; padding: .3rem 0; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody th { font-weight: 400; min-width: 7rem; } td.number { white-space: nowrap; } .status { white-space: nowrap; color: var(--tone); font-weight: 700; }
dl { display: grid; grid-template-columns: minmax(9rem, max-content) minmax(0, 1fr); gap: .2rem 1rem; margin: .5rem 0; } dt { color: var(--soft); } dd { margin: 0; }
details { margin: .3rem 0; } summary { cursor: pointer; color: var(--link); padding: .2rem 0; }
form { display: flex; flex-wrap: wrap; gap: .5rem .8rem; align-items: end; margin: .8rem 0; } label { display: block; font-size: .875rem; color: var(--soft); }
.pages { display: flex; flex-wrap: wrap; gap: .4rem 1rem; margin: .8rem 0; }
.spare { display: none; }
footer { border-top: 1px solid var(--line); margin-top: 2rem; padding-top: .5rem; color: var(--soft); font-size: .875rem; }
@media (max-width: 48rem) {
  h1 { font-size: 1.4rem; } .top nav { order: 3; flex-basis: 100%; } .brand { flex: 1; } .body { display: block; } .loss { font-size: 1.15rem; } .flow { padding: .6rem .7rem; border-left-width: 6px; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: .4rem; }
  table, caption, tbody, tr, th, td { display: block; } thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .spare { display: inline; } tr { display: flex; flex-wrap: wrap; gap: 0 .8rem; border-bottom: 1px solid var(--line); padding: .4rem 0; } th, td { border: 0; padding: 0; } tbody th { flex: 1; } tbody th + td + td { flex-basis: 100%; }
}
@media print {
  :root { color-scheme: only light; } .skip, .top button, form, .pages { display: none; } body { font-size: 11pt; max-width: none; } a { color: inherit; text-decoration: none; }
  .old { position: static; } .outdated body { padding-top: 0; } .old, .chip.full, .verdict, .spark rect { print-color-adjust: exact; } details::details-content { content-visibility: visible; height: auto; } thead { display: table-header-group; } tr { break-inside: avoid; }
}
`
