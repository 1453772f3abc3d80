/** The dashboard's first module. Boundary: styles, then the app into the page. */
import '@fontsource-variable/sofia-sans/wght.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/glance.css';
import './styles/pages.css';
import './styles/wall.css';
import { render } from 'preact';
import { App } from './app.tsx';

const element = document.querySelector('#dashboard');
if (element !== null) render(<App />, element);
