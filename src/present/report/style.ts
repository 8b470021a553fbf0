/** One light stylesheet for screen and paper; a colour means the same everywhere in Tidemark. */
export const reportStyle = `
:root { color-scheme: light; --fg: #1b1f24; --soft: #57606a; --line: #d0d7de; --good: #116329; --warn: #7d4e00;
  --bad: #a40e26; --blind: #5a32a3; --grey: #57606a; }
@page { size: A4; margin: 14mm 12mm; }
* { box-sizing: border-box; }
body { font: 13px/1.45 system-ui, "Liberation Sans", Arial, sans-serif; color: var(--fg); background: #fff; max-width: 52rem; margin: 0 auto; padding: 1rem;
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .6rem; } h2 { font-size: 1.25rem; margin: 0 0 .3rem; } h3 { font-size: 1.05rem; margin: 1.1rem 0 .3rem; }
h1, h2, h3, td, th, p, dd, li { overflow-wrap: anywhere; }
section { border-top: 2px solid var(--fg); padding: .8rem 0; margin-top: 1.2rem; }
p { margin: .35rem 0; } ul { margin: .35rem 0; padding-left: 1.2rem; }
.loss { font-size: 1.15rem; line-height: 1.35; margin: .3rem 0; } .verdict { font-size: 1.1rem; }
.soft, caption, figcaption { color: var(--soft); } .soft { font-weight: 400; }
strong, .word { font-weight: 700; }
.good, .covered, .word.kept { color: var(--good); } .warn, .near, .behind, .pending, .stalled { color: var(--warn); } .bad, .word.breached { color: var(--bad); }
.blind, .unknown { color: var(--blind); } .grey, .idle { color: var(--grey); }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .92em; }
caption { text-align: left; padding: .2rem 0; }
th, td { text-align: left; padding: .22rem .5rem .22rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { border-bottom: 1.5px solid var(--fg); } .facts th { width: 12rem; font-weight: 600; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; } th.number { white-space: normal; }
.instant, .word { white-space: nowrap; } .note { display: block; color: var(--soft); white-space: normal; }
.topics { table-layout: fixed; } .topics th:nth-child(1) { width: 28%; } .topics th:nth-child(2) { width: 9%; } .topics th:nth-child(4) { width: 19%; } .topics th:nth-child(5) { width: 8%; }
.topics .number { white-space: normal; } .heading { overflow-wrap: normal; } .short td:first-child { min-width: 5.5rem; }
figure { margin: .6rem 0; break-inside: avoid; } .picture { width: 100%; height: auto; display: block; }
.axis { font-size: 9px; fill: var(--soft); } .grid { stroke: var(--line); stroke-width: .7; }
svg .kept { fill: #aadfb5; } svg .breached { fill: #c1121f; } svg .unreported { fill: #7b3fc4; } svg .maintenance { fill: #b5bcc4; }
svg .failed_over { fill: #6e7781; } svg .unjudged { fill: #d9c7f2; } svg .no_data { fill: #fff; stroke: #8c959f; stroke-width: .8; stroke-dasharray: 2 1.5; }
svg.spark { height: 22mm; border: 1px solid var(--line); } .spark path { fill: none; stroke: var(--fg); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.spark line { stroke: var(--bad); stroke-width: 1; stroke-dasharray: 6 4; vector-effect: non-scaling-stroke; } .spark .gap { fill: #d9c7f2; } .spark .over { fill: #c1121f; }
.spark { display: block; width: 100%; }
.key { white-space: nowrap; margin-right: .5rem; } .key svg { width: 12px; height: 9px; }
.bar { width: 92px; height: 9px; vertical-align: baseline; } .bar .room { fill: #eaeef2; }
svg .half { fill: #2da44e; } svg .near { fill: #d4a72c; } svg .past { fill: #c1121f; } .bar .mark { stroke: #1b1f24; stroke-width: 1; }
dl { margin: 0; } dt { font-weight: 700; margin-top: .5rem; } dd { margin: 0; }
tr, dt, .keep { break-inside: avoid; } h2, h3, dt, caption { break-after: avoid; } thead { display: table-header-group; }
@media screen { .wide { overflow-x: auto; } .topics { min-width: 36rem; } }
@media screen and (max-width: 48rem) { td:first-child { min-width: 7rem; } .facts th { width: 8rem; } }
@media print { body { max-width: none; padding: 0; font-size: 11px; } section.flow { break-before: page; border-top: 0; margin-top: 0; } }
`
