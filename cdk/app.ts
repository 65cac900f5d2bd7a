import { application } from './application.ts';

application().synth();
