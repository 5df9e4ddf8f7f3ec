import { kafkaBroker, kafkaChannel } from '../servers/brokers/kafka.ts';
import { describeFaults } from './describe-faults.ts';

describeFaults({ ...kafkaBroker, channel: (server, name) => kafkaChannel(server, name, 4) });
