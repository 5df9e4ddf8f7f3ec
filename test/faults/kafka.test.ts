import { kafkaBroker, kafkaChannel } from '../servers/brokers/kafka.ts';
import { describeFaults } from './describe-faults.ts';

const partitioned: typeof kafkaBroker = {
  ...kafkaBroker,
  channel: (server, name) => kafkaChannel(server, name, 4),
};
describeFaults(partitioned);
describeFaults({ ...partitioned, title: 'DataFrame.fromKafka()' }, 'kafka columns');
