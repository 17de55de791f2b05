import './style.css';

// No release changes this script.
const answer = await fetch(new URL('data/keepers.json', document.baseURI));
const { keepers } = await answer.json();
document.querySelector('#keepers').textContent = keepers.join(', ');
