import { createApp } from 'vue';
import Image from './Image.vue';

const reference = new URLSearchParams(location.search).get('image') ?? 'ghcr.io/acme/app:1.0';
createApp(Image, { reference }).mount('#app');
