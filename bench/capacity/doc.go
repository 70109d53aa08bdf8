// Package capacity says what it takes to carry a rate of requests: quota,
// latency, requests in flight, client cores, cost, and what else would do.
//
// Do not use it to measure, it sends nothing, nor as a promise: every figure
// rests on the Assumptions that the plan lists, on quotas and prices of a date,
// and on sweeps of one client against one target.
//
// ReadCurve takes a sweep out of a result file and fits it: the Universal
// Scalability Law to throughput against concurrency, a queue with several
// servers to response time against rate. Plan puts curves, quota, prices and
// calibrations together. Throttle is the chance of throttling of a token bucket under
// Poisson arrivals, exactly; Replay is that of a trace.
//
// All functions are pure: equal arguments, seed included, give equal results.
// They may be called concurrently; a Curve must not be changed. Nothing here is
// secret.
package capacity
