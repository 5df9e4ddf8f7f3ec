import { gpuStatus } from '../../src/device/gpu.ts';

/** The adapter that tests take: what `MILLRACE_GPU` says, else one that computes on the CPU. */
export const adapter = process.env.MILLRACE_GPU ?? 'software';

/** Whether there is one; where there is none the kernels for GPUs are not tested here. */
export const status = gpuStatus({ adapter });

if (!status.available) console.log(`kernels for GPUs are not tested: ${status.reason}`);
