// Brings the half of the app that makes lists when the page's address first names one of its pages.

const made = /^#\/(build|command|compare|delete|import|lists|push)(\/|$)/;
const failed = {
  en: ['This part of the app could not be loaded.', 'Try again', 'Start page'],
  es: ['Esta parte de la aplicación no se pudo cargar.', 'Reintentar', 'Inicio'],
};
let coming;
let tries = 0;

async function look() {
  if (coming) return;
  // What a failure left there.
  workshop.textContent = '';
  if (!made.test(location.hash)) return;
  try {
    // The browser remembers a module that it could not get; by another address it asks again.
    coming = import(`./workshop.js${tries ? `?${tries}` : ''}`);
    const { default: init } = await coming;
    await init({ module_or_path: './workshop_bg.wasm' });
  } catch (error) {
    coming = undefined;
    tries++;
    const [said, again, start] = failed[document.documentElement.lang] ?? failed.en;
    workshop.innerHTML = `<main class="page"><div role="alert"><h1>${said}</h1><button class="button">${again}</button> <a class="button" href="#/">${start}</a></div></main>`;
    workshop.querySelector('button').onclick = look;
    throw error;
  }
}

const workshop = document.getElementById('workshop');
addEventListener('popstate', look);
look();
