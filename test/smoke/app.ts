import { smokeApp } from './stack.ts';

smokeApp().synth();
