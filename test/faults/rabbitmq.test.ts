import { rabbitmqBroker } from '../servers/brokers/rabbitmq.ts';
import { describeFaults } from './describe-faults.ts';

describeFaults(rabbitmqBroker);
