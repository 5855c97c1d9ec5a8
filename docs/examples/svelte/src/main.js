import { mount } from 'svelte';
import Image from './Image.svelte';

const reference = new URLSearchParams(location.search).get('image') ?? 'ghcr.io/acme/app:1.0';
mount(Image, { target: document.querySelector('#app'), props: { reference } });
