import './more.css';

// No release changes this: the chunk keeps its name through all four.
export function show(into) {
  const text = document.createElement('p');
  text.className = 'more';
  text.textContent = 'The lamp turns once in ten seconds.';
  into.append(text);
}
