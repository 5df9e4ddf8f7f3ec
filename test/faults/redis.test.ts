import { redisBroker } from '../servers/brokers/redis.ts';
import { describeFaults } from './describe-faults.ts';

describeFaults(redisBroker);
