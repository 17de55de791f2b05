import './style.css';
import { RELEASE } from './release.js';

document.title += ` (release ${RELEASE})`;
