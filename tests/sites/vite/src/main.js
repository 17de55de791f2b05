import './style.css';
import { RELEASE } from './release.js';
import addUrl from './assets/add.wasm?url';

document.querySelector('#release').textContent = RELEASE;

const { instance } = await WebAssembly.instantiateStreaming(fetch(addUrl));
document.querySelector('#sum').textContent = String(instance.exports.add(2, 3));

// Loaded when it is wanted: a chunk of its own, whose name the pages do not mention.
document.querySelector('#more').addEventListener('click', async () => {
  const { show } = await import('./pages/more.js');
  show(document.body);
});
