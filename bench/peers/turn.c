#include <time.h>

#include "peers.h"

const int tag_size[ALGORITHMS] = {28, 32, 48, 64};
const int block_size[ALGORITHMS] = {64, 64, 128, 128};

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t turn(const variant *v, work *w, uint64_t times)
{
	v->run(w, 1);
	int64_t start = now();
	v->run(w, times);
	return now() - start;
}

const char *version_of(const variant *v) { return v->version(); }
work *make_work(const variant *v, const input *in) { return v->make(v->way, in); }
void run_work(const variant *v, work *w) { v->run(w, 1); }
void done_work(const variant *v, work *w) { v->done(w); }
