import { testServices } from './service-suite.ts';

testServices('iptables-legacy');
