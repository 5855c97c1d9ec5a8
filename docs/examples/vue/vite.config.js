import vue from '@vitejs/plugin-vue';

// Elements with this name are not components of Vue.
const isCustomElement = (name) => name.startsWith('tallyman-');

export default { base: './', plugins: [vue({ template: { compilerOptions: { isCustomElement } } })] };
