import { natsBroker } from '../servers/brokers/nats.ts';
import { describeFaults } from './describe-faults.ts';

describeFaults(natsBroker);
