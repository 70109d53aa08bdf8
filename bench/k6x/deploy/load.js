// One open loop over all instances: INSTANCES is the TestRun's parallelism.
import { check } from 'k6';
import kmsmac from 'k6/x/kmsmac';

const plan = {
  target: __ENV.TARGET,
  client: 'lean',
  rate: Number(__ENV.RATE || 1000),
  poisson: true,
  duration: __ENV.DURATION || '60s',
  mix: { generate: 70, verify: 30 },
  maxRequests: Number(__ENV.MAX_REQUESTS || 20000),
  maxCost: Number(__ENV.MAX_COST || 1),
  out: __ENV.OUT || 'kmsmac-result',
};

export const options = {
  scenarios: { load: kmsmac.scenario(plan, Number(__ENV.INSTANCES || 1)) },
  thresholds: { checks: ['rate==1'], kmsmac_wrong_tags: ['count==0'] },
};

export default function () {
  check(kmsmac.openLoop(plan), {
    'the verdict is pass': (r) => r.verdict === 'pass',
    'every call was made': (r) => r.requests === r.scheduled,
  });
}
