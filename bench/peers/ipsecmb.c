// Intel's multi-buffer library, with each architecture that this CPU can run and
// each of its ways to take work: job by job, in bursts, in bursts of one hash.
// Checks of arguments are off, as they are in its own measurements.
#include <intel-ipsec-mb.h>
#include <stdlib.h>
#include <string.h>

#include "peers.h"

enum { SSE, AVX, AVX2, AVX512, ARCHS };
enum { JOB, BURST, HASH_BURST, APIS };

struct work {
	const input *in;
	IMB_MGR *mgr;
	int api;
	uint8_t *pads;  // inner and outer state of each key, 64 bytes each
	IMB_JOB *ready; // for HASH_BURST, which leaves the jobs to the caller
};

static const IMB_HASH_ALG hash[ALGORITHMS] = {
	IMB_AUTH_HMAC_SHA_224, IMB_AUTH_HMAC_SHA_256, IMB_AUTH_HMAC_SHA_384, IMB_AUTH_HMAC_SHA_512};

static const char *version(void) { return imb_get_version_str(); }

static void (*const init[ARCHS])(IMB_MGR *) = {init_mb_mgr_sse, init_mb_mgr_avx, init_mb_mgr_avx2, init_mb_mgr_avx512};
static const uint64_t needs[ARCHS] = {IMB_CPUFLAGS_SSE, IMB_CPUFLAGS_AVX, IMB_CPUFLAGS_AVX2, IMB_CPUFLAGS_AVX512};

// manager makes one of an architecture, or none if the CPU cannot run it.
static IMB_MGR *manager(int arch)
{
	IMB_MGR *m = alloc_mb_mgr(0);
	if (m && (m->features & needs[arch]) == needs[arch]) {
		init[arch](m);
		if (imb_get_errno(m) == 0)
			return m;
	}
	if (m)
		free_mb_mgr(m);
	return NULL;
}

// one_block hashes a block from the initial state.
static void one_block(IMB_MGR *m, int alg, const uint8_t *block, uint8_t *state)
{
	switch (alg) {
	case SHA224: IMB_SHA224_ONE_BLOCK(m, block, state); break;
	case SHA256: IMB_SHA256_ONE_BLOCK(m, block, state); break;
	case SHA384: IMB_SHA384_ONE_BLOCK(m, block, state); break;
	case SHA512: IMB_SHA512_ONE_BLOCK(m, block, state); break;
	}
}

static void set_pads(work *w)
{
	const input *in = w->in;
	w->pads = aligned_alloc(64, (size_t)in->keys * 128);
	for (int k = 0; k < in->keys; k++) {
		uint8_t block[2][128] = {{0}};
		for (int side = 0; side < 2; side++) {
			memcpy(block[side], in->secret[k], in->secret_len[k]);
			for (int i = 0; i < block_size[in->alg]; i++)
				block[side][i] ^= side ? 0x5c : 0x36;
			one_block(w->mgr, in->alg, block[side], w->pads + 128 * k + 64 * side);
		}
	}
}

static void set_job(const work *w, IMB_JOB *j, int i)
{
	const input *in = w->in;
	const uint8_t *pads = w->pads + 128 * (i % in->keys);
	j->src = in->msg[i];
	j->hash_start_src_offset_in_bytes = 0;
	j->msg_len_to_hash_in_bytes = in->len[i];
	j->auth_tag_output = in->tags + (size_t)i * tag_size[in->alg];
	j->auth_tag_output_len_in_bytes = tag_size[in->alg];
	j->u.HMAC._hashed_auth_key_xor_ipad = pads;
	j->u.HMAC._hashed_auth_key_xor_opad = pads + 64;
	j->hash_alg = hash[in->alg];
	j->cipher_mode = IMB_CIPHER_NULL;
	j->cipher_direction = IMB_DIR_ENCRYPT;
	j->chain_order = IMB_ORDER_HASH_CIPHER;
}

static void done(work *w)
{
	free_mb_mgr(w->mgr);
	free(w->pads);
	free(w->ready);
	free(w);
}

static work *make(int way, const input *in)
{
	for (int k = 0; k < in->keys; k++)
		if (in->secret_len[k] > (size_t)block_size[in->alg])
			return NULL;
	IMB_MGR *m = manager(way / APIS);
	if (!m)
		return NULL;
	work *w = calloc(1, sizeof *w);
	w->in = in;
	w->mgr = m;
	w->api = way % APIS;
	set_pads(w);
	if (w->api == HASH_BURST) {
		w->ready = calloc(in->jobs, sizeof *w->ready);
		for (int i = 0; i < in->jobs; i++)
			set_job(w, &w->ready[i], i);
	}
	return w;
}

static void run_jobs(work *w)
{
	for (int i = 0; i < w->in->jobs; i++) {
		IMB_JOB *j = IMB_GET_NEXT_JOB(w->mgr);
		set_job(w, j, i);
		for (j = IMB_SUBMIT_JOB_NOCHECK(w->mgr); j; j = IMB_GET_COMPLETED_JOB(w->mgr))
			;
	}
	while (IMB_FLUSH_JOB(w->mgr))
		;
}

static void run_burst(work *w)
{
	IMB_JOB *jobs[IMB_MAX_BURST_SIZE];
	for (int i = 0; i < w->in->jobs;) {
		int want = w->in->jobs - i;
		if (want > IMB_MAX_BURST_SIZE)
			want = IMB_MAX_BURST_SIZE;
		int n = IMB_GET_NEXT_BURST(w->mgr, want, jobs);
		if (n < want) {
			IMB_FLUSH_BURST(w->mgr, IMB_MAX_BURST_SIZE, jobs);
			continue;
		}
		for (int k = 0; k < n; k++)
			set_job(w, jobs[k], i + k);
		IMB_SUBMIT_BURST_NOCHECK(w->mgr, n, jobs);
		i += n;
	}
	while (IMB_FLUSH_BURST(w->mgr, IMB_MAX_BURST_SIZE, jobs))
		;
}

static void run_hash_burst(work *w)
{
	for (int i = 0; i < w->in->jobs; i += IMB_MAX_BURST_SIZE) {
		int n = w->in->jobs - i;
		if (n > IMB_MAX_BURST_SIZE)
			n = IMB_MAX_BURST_SIZE;
		IMB_SUBMIT_HASH_BURST_NOCHECK(w->mgr, w->ready + i, n, hash[w->in->alg]);
	}
}

static void run(work *w, uint64_t times)
{
	static void (*const by[APIS])(work *) = {run_jobs, run_burst, run_hash_burst};
	for (; times > 0; times--)
		by[w->api](w);
}

#define VARIANTS(arch, text)                                                              \
	{"ipsec-mb:" text ":job", "ipsec-mb", version, make, run, done, arch * APIS + JOB},     \
	{"ipsec-mb:" text ":burst", "ipsec-mb", version, make, run, done, arch * APIS + BURST}, \
	{"ipsec-mb:" text ":hash-burst", "ipsec-mb", version, make, run, done, arch * APIS + HASH_BURST}

static const variant variants[] = {
	VARIANTS(SSE, "sse"), VARIANTS(AVX, "avx"), VARIANTS(AVX2, "avx2"), VARIANTS(AVX512, "avx512")};

const variant *ipsec_variants(int *n)
{
	*n = sizeof variants / sizeof *variants;
	return variants;
}
