"""The style sheet of report.html. Colours hold WCAG AA against their grounds in both schemes."""

CSS = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#16191d;--soft:#4d5560;--line:#d9dee5;--accent:#0b5cad;
--good:#11643f;--good-bg:#e3f4ea;--warn:#7a4a00;--warn-bg:#fdf0d5;--bad:#a3201d;--bad-bg:#fde7e5;--neutral:#3f4854;--neutral-bg:#e9edf2;
--code:#eef1f5}
@media (prefers-color-scheme:dark){:root{--bg:#12161b;--card:#1a2027;--ink:#e9edf2;--soft:#a9b4c0;--line:#343d48;
--accent:#7cb8ff;
--good:#8fe0b4;--good-bg:#12352a;--warn:#ffd08a;--warn-bg:#3c2c0c;--bad:#ffb0a8;--bad-bg:#451c1a;--neutral:#cdd6e0;--neutral-bg:#2a323c;
--code:#252d36}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth;scroll-padding-top:1rem}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--bg);color:var(--ink);
font:1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
overflow-wrap:break-word}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem;z-index:5}
.page{max-width:80rem;margin:0 auto;padding:1.5rem 1.25rem 4rem;display:grid;grid-template-columns:13rem minmax(0,1fr);
gap:0 2.5rem}
header.banner{grid-column:1/-1;padding:.5rem 0 1.5rem;border-bottom:1px solid var(--line);margin-bottom:1.5rem}
header.banner h1{font-size:clamp(1.5rem,1.1rem + 1.8vw,2.25rem);line-height:1.2;margin:.6rem 0 .35rem;
letter-spacing:-.015em;text-wrap:balance}
header.banner .question{margin:0 0 1rem;color:var(--soft);font-size:1.1rem;max-width:46rem}
.marks{display:flex;flex-wrap:wrap;gap:.5rem}
dl.inline{display:flex;flex-wrap:wrap;gap:.35rem 1.75rem;margin:0;font-size:.9rem}
dl.inline div{display:flex;gap:.45rem;min-width:0}
dl.inline dt{color:var(--soft)}
dl.inline dd{margin:0;min-width:0;overflow-wrap:anywhere}
nav.contents{position:sticky;top:1rem;align-self:start;font-size:.9rem;max-height:calc(100vh - 2rem);overflow-y:auto}
nav.contents h2{font-size:.8rem;color:var(--soft);margin:.1rem 0 .5rem;font-weight:600;letter-spacing:.02em}
nav.contents ol{list-style:none;margin:0;padding:0;border-left:2px solid var(--line)}
nav.contents a{display:block;padding:.28rem .75rem;color:var(--soft);text-decoration:none;line-height:1.35}
nav.contents a:hover{color:var(--ink);background:var(--neutral-bg)}
main{min-width:0}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.35rem 1.5rem 1.5rem;
margin:0 0 1.25rem;scroll-margin-top:1rem}
section>h2{font-size:1.3rem;line-height:1.25;margin:0 0 .9rem;letter-spacing:-.01em}
section h3{font-size:1rem;margin:1.6rem 0 .5rem}
p{margin:.6rem 0;max-width:50rem}
.lead{font-size:1.12rem;line-height:1.55;max-width:54rem}
.note{color:var(--soft);font-size:.9rem}
ul{padding-left:1.2rem;margin:.5rem 0;max-width:50rem}
li{margin:.4rem 0}
code{font:.88em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--code);padding:.1em .35em;
border-radius:4px;overflow-wrap:anywhere}
pre{background:var(--code);padding:.8rem 1rem;border-radius:8px;overflow-x:auto;margin:.5rem 0 1rem}
pre code{background:none;padding:0;overflow-wrap:anywhere;white-space:pre-wrap}
.mark{display:inline-flex;align-items:baseline;gap:.4em;padding:.12rem .6rem;border-radius:99rem;font-weight:600;
font-size:.86rem;line-height:1.5;
white-space:nowrap;border:1px solid currentColor}
.good{color:var(--good);background:var(--good-bg)}.warn{color:var(--warn);background:var(--warn-bg)}
.bad{color:var(--bad);background:var(--bad-bg)}.neutral{color:var(--neutral);background:var(--neutral-bg)}
.callout{display:flex;flex-wrap:wrap;align-items:center;gap:.6rem 1.25rem;border-radius:10px;padding:.9rem 1.15rem;
margin:0 0 1rem;
border:1px solid currentColor;border-left-width:6px}
.callout .over{display:block;font-size:.85rem;opacity:.95}
.callout .word{display:block;font-size:1.7rem;font-weight:700;line-height:1.2;white-space:nowrap}
.callout p{margin:0;color:var(--ink);flex:1 1 18rem}
dl.facts{display:grid;grid-template-columns:minmax(7rem,11rem) minmax(0,1fr);gap:.45rem 1.25rem;margin:.2rem 0 1rem}
dl.facts dt{color:var(--soft)}
dl.facts dd{margin:0;max-width:44rem}
.scroll{overflow-x:auto;margin:1.1rem 0 .6rem}
table{border-collapse:collapse;width:100%;font-size:.92rem;line-height:1.42;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:0 0 .45rem}
caption.quiet,.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th,td{text-align:left;vertical-align:top;padding:.5rem .7rem .5rem 0;border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--soft);font-weight:600;font-size:.84rem;vertical-align:bottom;border-bottom:2px solid var(--line)}
tbody th{font-weight:400;min-width:8.5rem}
.num{text-align:right}
.nb{white-space:nowrap}
.wide{min-width:9rem}
.l2{display:block;color:var(--soft);font-size:.88em}
.l1{display:block}
.narrowtable{width:auto;min-width:min(24rem,100%)}
.narrowtable th,.narrowtable td{padding-right:1.4rem}
figure{margin:.2rem 0 0}
.plot{background:#fff;border:1px solid var(--line);border-radius:8px;padding:.6rem}
.plot svg{display:block;width:100%;height:auto;max-width:54rem;margin:0 auto}
.plot .phone{display:none}
figcaption{color:var(--soft);font-size:.92rem;margin:.7rem 0 .3rem;max-width:50rem}
details{margin:.4rem 0}
summary{cursor:pointer;color:var(--accent);font-size:.92rem}
details table{width:auto;min-width:50%}
dl.form{margin:.3rem 0}
dl.form div{display:grid;grid-template-columns:minmax(9rem,16rem) minmax(0,1fr);gap:1rem;padding:.7rem 0 .3rem;
align-items:end}
dl.form dt{color:var(--soft)}
dl.form dd{margin:0;min-height:1.9rem;border-bottom:1px solid var(--soft)}
footer{grid-column:2;color:var(--soft);font-size:.85rem}
@media (max-width:68rem){
.page{grid-template-columns:minmax(0,1fr);padding-top:.5rem}
html{scroll-padding-top:4rem}
section{scroll-margin-top:4rem}
nav.contents{position:sticky;top:0;z-index:3;background:var(--bg);margin:0 -1.25rem 1rem;padding:.35rem 1.25rem;
overflow-x:auto;border-bottom:1px solid var(--line)}
nav.contents h2{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
nav.contents ol{display:flex;border:0;gap:.1rem}
nav.contents a{white-space:nowrap;padding:.5rem .6rem}
footer{grid-column:1}
}
@media (max-width:44rem){
.page{padding-left:.75rem;padding-right:.75rem}
nav.contents{margin:0 -.75rem 1rem;padding-left:.75rem}
section{padding:1.05rem .95rem 1.2rem}
.plot{padding:.25rem}
dl.facts{grid-template-columns:minmax(0,1fr);gap:0}
dl.facts dd{margin-bottom:.65rem}
dl.form div{grid-template-columns:minmax(0,1fr);gap:.1rem}
}
@media screen and (max-width:36rem){.plot .wide-figure{display:none}.plot .phone{display:block}
table:not(.cards){font-size:.78rem}
table:not(.cards) th,table:not(.cards) td{padding-right:.55rem}
table:not(.cards) tbody th{min-width:3.6rem}
table:not(.cards) .wide{min-width:7rem}}
@media screen and (max-width:54rem){
table.cards,table.cards caption,table.cards tbody,table.cards tr,table.cards td,table.cards th{display:block}
table.cards thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table.cards tr{border:1px solid var(--line);border-radius:8px;padding:.35rem .8rem;margin:0 0 .75rem}
table.cards td,table.cards th{border:0;padding:.32rem 0;text-align:left;white-space:normal}
table.cards tbody th{min-width:0;font-size:1.02rem;border-bottom:1px solid var(--line);margin-bottom:.25rem}
table.cards td{display:grid;grid-template-columns:minmax(6.5rem,36%) minmax(0,1fr);gap:.2rem .8rem}
table.cards td:empty{display:none}
table.cards .nb{white-space:normal}
table.cards td.spanning{display:block}
table.cards td::before{content:attr(data-label);color:var(--soft);font-size:.86rem;grid-row:1/span 4}
table.cards td{row-gap:0}
table.cards td.spanning::before{content:none}
table.cards td .l1,table.cards td .l2{grid-column:2}
.wide{min-width:0}
}
@media print{
:root{color-scheme:light;--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--accent:#0b5cad;--good:#11643f;
--good-bg:#fff;--warn:#7a4a00;
--warn-bg:#fff;--bad:#a3201d;--bad-bg:#fff;--neutral:#3f4854;--neutral-bg:#fff;--code:#f2f2f2}
@page{margin:14mm 13mm}
html{font-size:9.6pt}
body{line-height:1.42}
.page{display:block;max-width:none;padding:0}
nav.contents,.skip,details{display:none}
header.banner{padding:0 0 .6rem;margin-bottom:.6rem}
section{border:0;border-top:1px solid var(--line);border-radius:0;padding:.7rem 0 .2rem;margin:0 0 .5rem}
header+section,main>section:first-child{border-top:0}
section>h2,h3,caption{break-after:avoid}
figure,tr,.callout,dl.form div,dl.facts dt,dl.facts dd,pre{break-inside:avoid}
#scorecard,#events,#sign-off,#reproduce{break-inside:avoid}
thead{display:table-header-group;break-after:avoid}
.scroll{overflow:visible;margin:.5rem 0}
table{font-size:8.2pt;line-height:1.32}
section{orphans:3;widows:3}
th,td{padding:.28rem .5rem .28rem 0}
.wide{min-width:0}
.mark{font-size:8pt;padding:0 .4rem}
.plot{border:0;padding:0}
.plot svg{max-width:15cm;margin:0}
p,ul,dl.facts dd{max-width:none}
a{color:inherit;text-decoration:none}
}
"""
