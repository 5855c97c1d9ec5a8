const css = `
:host {
  --t-color: var(--tallyman-color, light-dark(#1c2430, #e4e9f0));
  --t-muted: var(--tallyman-muted, light-dark(#566070, #a3aebd));
  --t-background: var(--tallyman-background, light-dark(#ffffff, #161b22));
  --t-raised: var(--tallyman-raised, light-dark(#f5f7fa, #1e252e));
  --t-border: var(--tallyman-border, light-dark(#d8dee6, #343e4b));
  --t-accent: var(--tallyman-accent, light-dark(#0b5cad, #7cb7ff));
  --t-ok: var(--tallyman-ok, light-dark(#17693a, #6fd596));
  --t-danger: var(--tallyman-danger, light-dark(#a5222b, #ff9a9a));
  --t-radius: var(--tallyman-radius, 10px);
  --t-mono: var(--tallyman-mono, ui-monospace, SFMono-Regular, Menlo, Consolas, monospace);
  display: block;
  container-type: inline-size;
  font: 14px/1.5 var(--tallyman-font, system-ui, sans-serif);
  color: var(--t-color);
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
.panel { background: var(--t-background); border: 1px solid var(--t-border); border-radius: var(--t-radius); overflow: hidden; }
.header { display: grid; gap: 6px; padding: 16px 18px; }
.title { margin: 0; font-size: 16px; font-weight: 650; line-height: 1.35; overflow-wrap: anywhere; }
.title span { font-weight: 400; color: var(--t-muted); }
.summary { display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: center; margin: 0; color: var(--t-muted); }
.digest, .mono { font-family: var(--t-mono); font-size: 12.5px; }
.digest { overflow-wrap: anywhere; }
.verified { display: inline-flex; gap: 5px; align-items: center; color: var(--t-ok); font-weight: 600; font-size: 13px; }
.verified svg { width: 14px; height: 14px; fill: none; stroke: currentColor; stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round; }
.body:empty { display: none; }
table { width: 100%; border-collapse: collapse; }
caption { padding: 10px 18px 4px; text-align: start; font-weight: 600; }
th, td { padding: 8px 10px; text-align: start; vertical-align: middle; border-top: 1px solid var(--t-border); }
thead th { background: var(--t-raised); color: var(--t-muted); font-size: 12px; font-weight: 600; }
tbody th { font-weight: 500; }
:is(th, td):first-child { padding-inline-start: 18px; }
:is(th, td):last-child { padding-inline-end: 18px; }
.number { text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums; }
.entry { display: inline-flex; gap: 8px; align-items: center; min-height: 28px; padding: 2px 8px 2px 2px; margin-inline-start: -4px; border: 0; border-radius: 6px; background: none; color: var(--t-accent); font: inherit; font-weight: 600; text-align: start; cursor: pointer; }
.entry:hover { background: var(--t-raised); }
.entry svg { flex: none; width: 16px; height: 16px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; transition: rotate .15s; }
.entry[aria-expanded=true] svg { rotate: 90deg; }
.other { color: var(--t-muted); padding-inline-start: 22px; display: inline-block; }
.details > td:first-child { padding: 0; background: var(--t-raised); }
.layers :is(th, td):first-child { width: 1%; }
.details[hidden] { display: none; }
.details table caption { padding-top: 12px; }
.details thead th { background: none; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 0; padding: 12px 18px; border-top: 1px solid var(--t-border); }
.facts dt { color: var(--t-muted); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.bar { display: block; height: 6px; min-width: 60px; border-radius: 3px; background: var(--t-border); }
.bar::after { content: ''; display: block; width: calc(var(--share) * 100%); min-width: 3px; height: 100%; border-radius: 3px; background: var(--t-accent); }
.waiting { padding: 18px; color: var(--t-muted); border-top: 1px solid var(--t-border); }
.skeleton { height: 14px; margin: 10px 0; border-radius: 4px; background: var(--t-border); opacity: .6; }
.skeleton:nth-child(2) { width: 82%; }
.skeleton:nth-child(3) { width: 64%; }
.error { padding: 14px 18px; border-top: 1px solid var(--t-border); border-inline-start: 4px solid var(--t-danger); overflow-wrap: anywhere; }
.error strong { color: var(--t-danger); }
.error p { margin: 2px 0 0; }
.button { min-height: 30px; padding: 3px 12px; border: 1px solid var(--t-border); border-radius: 7px; background: var(--t-raised); color: inherit; font: inherit; font-size: 13px; cursor: pointer; }
.button:hover { border-color: var(--t-accent); }
.error .button { margin-top: 10px; }
:focus-visible { outline: 2px solid var(--t-accent); outline-offset: 2px; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@container (max-width: 520px) {
  .wide { display: none; }
  .header { padding: 14px; }
  .details > td:first-child { padding: 0; }
  :is(th, td):first-child, caption { padding-inline-start: 14px; }
  :is(th, td):last-child { padding-inline-end: 14px; }
  .facts { grid-template-columns: 1fr; gap: 0; padding: 12px 14px; }
  .facts dd { margin-bottom: 6px; }
}
@media (prefers-reduced-motion: no-preference) {
  .skeleton { animation: waits 1.2s ease-in-out infinite alternate; }
  @keyframes waits { to { opacity: .25; } }
}
@media (prefers-reduced-motion: reduce) { .entry svg { transition: none; } }
`;

let shared: CSSStyleSheet | undefined;

/** The style sheet that all elements of the page share. Policies against inline styles allow it. */
export function sheet(): CSSStyleSheet {
  if (!shared) {
    shared = new CSSStyleSheet();
    shared.replaceSync(css);
  }
  return shared;
}
