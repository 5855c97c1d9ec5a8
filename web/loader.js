// Brings the half of the app that makes lists when the page's address first names one of its pages.

const made = /^#\/(build|command|compare|delete|import|lists|push)(\/|$)/;
let coming;

async function look() {
  if (!made.test(location.hash) || coming) return;
  const { default: init } = await (coming = import('./workshop.js'));
  await init({ module_or_path: './workshop_bg.wasm' });
}

addEventListener('popstate', look);
look();
